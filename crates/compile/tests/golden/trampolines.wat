;;! trampolines
(module
  (import "host" "f" (func (param i32 f64 v128) (result i64 externref)))
  (func (export "g") (param i32) (result i32) (local.get 0)))
