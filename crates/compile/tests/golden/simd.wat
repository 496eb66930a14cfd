(module
  (memory 1)
  ;; Vectors have the type of what made them; between functions and blocks they are bytes.
  (func (param v128 v128) (result v128) (i32x4.mul (i16x8.add (local.get 0) (local.get 1)) (local.get 1)))
  (func (param v128 v128) (result v128)
    (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get 0) (local.get 1)))
  (func (param i32) (result v128) (f64x2.splat (f64.load (local.get 0))))
  (func (param i32 v128) (result v128) (v128.load8_lane offset=3 5 (local.get 0) (local.get 1)))
  (func (param v128) (result i32) (i32.add (i8x16.extract_lane_s 3 (local.get 0)) (i16x8.bitmask (local.get 0)))))
