(module
  (func (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (param i64 i64) (result i64) (i64.rem_s (local.get 0) (local.get 1)))
  (func (param i32 i32) (result i32) (i32.rem_u (local.get 0) (local.get 1)))
  (func (param f64) (result i32) (i32.trunc_f64_u (local.get 0)))
  (func (param f32) (result i64) (i64.trunc_sat_f32_s (local.get 0))))

;; ; function 0
;; function u0:0(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: i32):
;;     v4 = sdiv v1, v2
;;     jump block1(v4)
;;
;;                                 block1(v3: i32):
;;     return v3
;; }

;; ; function 1
;; function u0:1(i64 vmctx, i64, i64) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64, v2: i64):
;;     v4 = srem v1, v2
;;     jump block1(v4)
;;
;;                                 block1(v3: i64):
;;     return v3
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: i32):
;;     v4 = urem v1, v2
;;     jump block1(v4)
;;
;;                                 block1(v3: i32):
;;     return v3
;; }

;; ; function 3
;; function u0:3(i64 vmctx, f64) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: f64):
;;     v3 = fcvt_to_uint.i32 v1
;;     jump block1(v3)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 4
;; function u0:4(i64 vmctx, f32) -> i64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: f32):
;;     v3 = fcvt_to_sint_sat.i64 v1
;;     jump block1(v3)
;;
;;                                 block1(v2: i64):
;;     return v2
;; }
