(module
  (type $unary (func (param i32) (result i32)))
  (func (param (ref null $unary) i32) (result i32) (call_ref $unary (local.get 1) (local.get 0)))
  (func (param (ref null $unary) i32) (result i32) (return_call_ref $unary (local.get 1) (local.get 0)))
  (func $own (type $unary) (local.get 0))
  (elem declare func $own)
  (func (result (ref $unary)) (ref.func $own)))
