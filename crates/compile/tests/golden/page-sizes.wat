(module
  (memory 10 20 (pagesize 1))
  ;; The end may be at any byte, so that no guard can be there.
  (func (param i32) (result i64) (i64.load offset=3 (local.get 0)))
  (func (result i32) (memory.size))
  (func (param i32) (result i32) (memory.grow (local.get 0))))
