(module
  (import "host" "constant" (global $constant i32))
  (import "host" "variable" (global $variable (mut f64)))
  (global $own (mut i64) (i64.const 1))
  (global $fixed v128 (v128.const i64x2 1 2))
  (func (result i32) (global.get $constant))
  (func (result f64) (global.set $variable (f64.neg (global.get $variable))) (global.get $variable))
  (func (param i64) (global.set $own (i64.add (global.get $own) (local.get 0))))
  (func (result v128) (global.get $fixed)))
