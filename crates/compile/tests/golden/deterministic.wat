;;! deterministic
(module
  (func (param v128 v128 v128) (result v128)
    (f32x4.relaxed_madd (local.get 0) (local.get 1) (local.get 2)))
  (func (param v128 v128 v128) (result v128)
    (f64x2.relaxed_nmadd (local.get 0) (local.get 1) (local.get 2))))

;; ; function 0
;; function u0:0(i64 vmctx, i8x16, i8x16, i8x16) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i8x16, v2: i8x16, v3: i8x16):
;;     v5 = bitcast.f32x4 little v3
;;     v6 = bitcast.f32x4 little v2
;;     v7 = bitcast.f32x4 little v1
;;     v8 = fma v7, v6, v5
;;     v9 = bitcast.i8x16 little v8
;;     jump block1(v9)
;;
;;                                 block1(v4: i8x16):
;;     return v4
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i8x16, i8x16, i8x16) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i8x16, v2: i8x16, v3: i8x16):
;;     v5 = bitcast.f64x2 little v3
;;     v6 = bitcast.f64x2 little v2
;;     v7 = bitcast.f64x2 little v1
;;     v8 = fneg v7
;;     v9 = fma v8, v6, v5
;;     v10 = bitcast.i8x16 little v9
;;     jump block1(v10)
;;
;;                                 block1(v4: i8x16):
;;     return v4
;; }
