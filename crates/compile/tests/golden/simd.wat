(module
  (memory 1)
  ;; Vectors have the type of what made them; between functions and blocks they are bytes.
  (func (param v128 v128) (result v128) (i32x4.mul (i16x8.add (local.get 0) (local.get 1)) (local.get 1)))
  (func (param v128 v128) (result v128)
    (i8x16.shuffle 0 16 1 17 2 18 3 19 4 20 5 21 6 22 7 23 (local.get 0) (local.get 1)))
  (func (param i32) (result v128) (f64x2.splat (f64.load (local.get 0))))
  (func (param i32 v128) (result v128) (v128.load8_lane offset=3 5 (local.get 0) (local.get 1)))
  (func (param v128) (result i32) (i32.add (i8x16.extract_lane_s 3 (local.get 0)) (i16x8.bitmask (local.get 0)))))

;; ; function 0
;; function u0:0(i64 vmctx, i8x16, i8x16) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i8x16, v2: i8x16):
;;     v4 = bitcast.i16x8 little v2
;;     v5 = bitcast.i16x8 little v1
;;     v6 = iadd v5, v4
;;     v7 = bitcast.i32x4 little v2
;;     v8 = bitcast.i32x4 little v6
;;     v9 = imul v8, v7
;;     v10 = bitcast.i8x16 little v9
;;     jump block1(v10)
;;
;;                                 block1(v3: i8x16):
;;     return v3
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i8x16, i8x16) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i8x16, v2: i8x16):
;;     v4 = shuffle v1, v2, 0x17071606150514041303120211011000
;;     jump block1(v4)
;;
;;                                 block1(v3: i8x16):
;;     return v3
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = uextend.i64 v1
;;     v4 = load.i64 notrap aligned readonly can_move v0+64
;;     v5 = iadd v4, v3
;;     v6 = load.f64 little region3 v5
;;     v7 = splat.f64x2 v6
;;     v8 = bitcast.i8x16 little v7
;;     jump block1(v8)
;;
;;                                 block1(v2: i8x16):
;;     return v2
;; }

;; ; function 3
;; function u0:3(i64 vmctx, i32, i8x16) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: i8x16):
;;     v4 = uextend.i64 v1
;;     v5 = load.i64 notrap aligned readonly can_move v0+64
;;     v6 = iadd v5, v4
;;     v7 = load.i8 little region3 v6+3
;;     v8 = insertlane v2, v7, 5
;;     jump block1(v8)
;;
;;                                 block1(v3: i8x16):
;;     return v3
;; }

;; ; function 4
;; function u0:4(i64 vmctx, i8x16) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i8x16):
;;     v3 = extractlane v1, 3
;;     v4 = sextend.i32 v3
;;     v5 = bitcast.i16x8 little v1
;;     v6 = vhigh_bits.i32 v5
;;     v7 = iadd v4, v6
;;     jump block1(v7)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }
