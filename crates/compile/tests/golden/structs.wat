(module
  (type $point (struct (field (mut i8)) (field (mut i64)) (field (mut anyref))))
  (func (param i32 i64) (result (ref $point))
    (struct.new $point (local.get 0) (local.get 1) (ref.i31 (local.get 0))))
  (func (param (ref null $point)) (result i32) (struct.get_s $point 0 (local.get 0)))
  (func (param (ref $point) anyref) (struct.set $point 2 (local.get 0) (local.get 1))))
