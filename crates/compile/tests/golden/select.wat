(module
  (func (param i32 i32 i32) (result i32) (select (local.get 0) (local.get 1) (local.get 2)))
  (func (param funcref i32) (result funcref) (select (result funcref) (local.get 0) (ref.null func) (local.get 1)))
  (func (param v128 i32) (result v128)
    (select (i32x4.add (local.get 0) (local.get 0)) (f32x4.abs (local.get 0)) (local.get 1))))
