(module
  (import "host" "constant" (global $constant i32))
  (import "host" "variable" (global $variable (mut f64)))
  (global $own (mut i64) (i64.const 1))
  (global $fixed v128 (v128.const i64x2 1 2))
  (func (result i32) (global.get $constant))
  (func (result f64) (global.set $variable (f64.neg (global.get $variable))) (global.get $variable))
  (func (param i64) (global.set $own (i64.add (global.get $own) (local.get 0))))
  (func (result v128) (global.get $fixed)))

;; ; function 0
;; function u0:0(i64 vmctx) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64):
;;     v2 = load.i64 notrap aligned readonly can_move v0+64
;;     v3 = load.i32 notrap aligned readonly can_move v2
;;     jump block1(v3)
;;
;;                                 block1(v1: i32):
;;     return v1
;; }

;; ; function 1
;; function u0:1(i64 vmctx) -> f64 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64):
;;     v2 = load.i64 notrap aligned readonly can_move v0+72
;;     v3 = load.f64 notrap aligned region0 v2
;;     v4 = fneg v3
;;     v5 = load.i64 notrap aligned readonly can_move v0+72
;;     store notrap aligned region0 v4, v5
;;     v6 = load.i64 notrap aligned readonly can_move v0+72
;;     v7 = load.f64 notrap aligned region0 v6
;;     jump block1(v7)
;;
;;                                 block1(v1: f64):
;;     return v1
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i64) tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i64):
;;     v2 = load.i64 notrap aligned region0 v0+80
;;     v3 = iadd v2, v1
;;     store notrap aligned region0 v3, v0+80
;;     jump block1
;;
;;                                 block1:
;;     return
;; }

;; ; function 3
;; function u0:3(i64 vmctx) -> i8x16 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64):
;;     v2 = load.i8x16 notrap aligned readonly can_move v0+96
;;     jump block1(v2)
;;
;;                                 block1(v1: i8x16):
;;     return v1
;; }
