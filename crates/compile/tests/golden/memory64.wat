;;! checked
(module
  (memory i64 1)
  ;; The sum of address and offset may be more than 64 bits hold.
  (func (param i64) (result i32) (i32.load offset=0xfffffffffffffff0 (local.get 0)))
  (func (param i64) (result i64) (i64.load offset=8 (local.get 0)))
  (func (param i64) (result i64) (memory.grow (local.get 0))))
