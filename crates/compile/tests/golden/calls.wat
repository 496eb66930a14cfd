(module
  (import "host" "f" (func $import (param i32) (result i32)))
  (func $own (param i32 i64) (result i32) (local.get 0))
  ;; A function of the module is called by its name; an imported one through its slot, and the host can ask who calls.
  (func (param i32) (result i32)
    (call $own (call $import (local.get 0)) (i64.const 2))))
