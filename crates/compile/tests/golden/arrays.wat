(module
  (type $words (array (mut i16)))
  (func (param i32 i32) (result (ref $words)) (array.new $words (local.get 0) (local.get 1)))
  (func (param (ref null $words) i32) (result i32) (array.get_u $words (local.get 0) (local.get 1)))
  (func (param (ref null $words) i32 i32 i32)
    (array.fill $words (local.get 0) (local.get 1) (local.get 2) (local.get 3)))
  (func (param (ref $words)) (result i32) (array.len (local.get 0))))
