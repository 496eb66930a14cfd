(module
  (func (param i32 i32 i32) (result i32) (select (local.get 0) (local.get 1) (local.get 2)))
  (func (param funcref i32) (result funcref) (select (result funcref) (local.get 0) (ref.null func) (local.get 1)))
  (func (param v128 i32) (result v128)
    (select (i32x4.add (local.get 0) (local.get 0)) (f32x4.abs (local.get 0)) (local.get 1))))

;; ; function 0
;; function u0:0(i64 vmctx, i32, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: i32, v3: i32):
;;     v5 = select v3, v1, v2
;;     jump block1(v5)
;;
;;                                 block1(v4: i32):
;;     return v4
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i64, i32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64, v2: i32):
;;     v4 = iconst.i64 0
;;     v5 = select v2, v1, v4  ; v4 = 0
;;     jump block1(v5)
;;
;;                                 block1(v3: i64):
;;     return v3
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i8x16, i32) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i8x16, v2: i32):
;;     v4 = bitcast.i32x4 little v1
;;     v5 = bitcast.i32x4 little v1
;;     v6 = iadd v5, v4
;;     v7 = bitcast.f32x4 little v1
;;     v8 = fabs v7
;;     v9 = bitcast.i8x16 little v6
;;     v10 = bitcast.i8x16 little v8
;;     v11 = select v2, v9, v10
;;     jump block1(v11)
;;
;;                                 block1(v3: i8x16):
;;     return v3
;; }
