(module
  (func (param v128 v128 v128) (result v128)
    local.get 0
    local.get 1
    local.get 2
    f32x4.relaxed_nmadd)
  (func (param v128 v128 v128) (result v128)
    local.get 0
    local.get 1
    local.get 2
    i32x4.relaxed_dot_i8x16_i7x16_add_s)
  (func (param i64 i64 i64 i64) (result i64 i64)
    local.get 0
    local.get 1
    local.get 2
    local.get 3
    i64.sub128)
  (func (param i64 i64) (result i64 i64)
    local.get 0
    local.get 1
    i64.mul_wide_u))

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
;;     v8 = fneg v7
;;     v9 = fma v8, v6, v5
;;     v10 = bitcast.i8x16 little v9
;;     jump block1(v10)
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
;;     v5 = bitcast.i32x4 little v3
;;     v6 = swiden_low v1
;;     v7 = swiden_low v2
;;     v8 = swiden_high v1
;;     v9 = swiden_high v2
;;     v10 = imul v6, v7
;;     v11 = imul v8, v9
;;     v12 = iadd_pairwise v10, v11
;;     v13 = swiden_low v12
;;     v14 = swiden_high v12
;;     v15 = iadd_pairwise v13, v14
;;     v16 = iadd v15, v5
;;     v17 = bitcast.i8x16 little v16
;;     jump block1(v17)
;;
;;                                 block1(v4: i8x16):
;;     return v4
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i64, i64, i64, i64) -> i64, i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64, v2: i64, v3: i64, v4: i64):
;;     v7 = iconcat v1, v2
;;     v8 = iconcat v3, v4
;;     v9 = isub v7, v8
;;     v10, v11 = isplit v9
;;     jump block1(v10, v11)
;;
;;                                 block1(v5: i64, v6: i64):
;;     return v5, v6
;; }

;; ; function 3
;; function u0:3(i64 vmctx, i64, i64) -> i64, i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64, v2: i64):
;;     v5 = imul v1, v2
;;     v6 = umulhi v1, v2
;;     jump block1(v5, v6)
;;
;;                                 block1(v3: i64, v4: i64):
;;     return v3, v4
;; }
