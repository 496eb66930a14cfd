;;! checked
(module
  (memory 1)
  (func (param i32) (result i32) (i32.load offset=8 (local.get 0)))
  (func (param i32 f64) (f64.store offset=4294967295 (local.get 0) (local.get 1)))
  ;; Growth moves the memory: base and length are read again.
  (func (param i32) (result i32)
    (i32.store (local.get 0) (i32.const 1))
    (drop (memory.grow (i32.const 1)))
    (i32.load (local.get 0))))
