(module
  (tag $small (param i32 i64))
  (import "m" "f" (func $f (param i32)))
  (func $callee (param i64))
  (func (param i32 i64) (throw $small (local.get 0) (local.get 1)))
  ;; One handler for both calls, which compares tags; what is thrown inside is a jump to it.
  (func (param i32) (result i32 i64)
    (block $caught (result i32 i64)
      (try_table (catch $small $caught)
        (call $f (local.get 0))
        (call $callee (i64.const 1))
        (throw $small (i32.const 2) (i64.const 3)))
      (unreachable)))
  (func (param exnref) (throw_ref (local.get 0))))
