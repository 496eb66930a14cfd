(module
  (memory i64 1)
  (func (param i64) (result i64) (i64.load offset=8 (local.get 0)))
  (func (param i64 v128) (v128.store offset=0x1_0000_0000 (local.get 0) (local.get 1))))
