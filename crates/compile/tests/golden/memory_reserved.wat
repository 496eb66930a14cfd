(module
  (memory 1)
  ;; Inside the guard whatever the index is: no check.
  (func (param i32) (result i32) (i32.load offset=8 (local.get 0)))
  ;; Beyond the guard: compared, and the offset still fits the instruction.
  (func (param i32) (result i64) (i64.load offset=67108864 (local.get 0)))
  ;; An offset that no instruction can hold.
  (func (param i32 i32) (i32.store8 offset=4294967295 (local.get 0) (local.get 1)))
  (func (param i32) (result i64) (i64.load16_s (local.get 0))))
