;;! trampolines
(module
  (import "host" "f" (func (param i32 f64 v128) (result i64 externref)))
  (func (export "g") (param i32) (result i32) (local.get 0)))

;; ; function 1
;; function u0:1(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     stack_limit = gv2
;;
;;                                 block0(v0: i64, v1: i32):
;;     jump block1(v1)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; entry trampoline of type 0
;; function u0:0(i64, i64, i64) system_v {
;;     sig0 = (i64 vmctx, i32, f64, i8x16) -> i64, i64 tail
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v3 = load.i32 notrap aligned v2
;;     v4 = load.f64 notrap aligned v2+16
;;     v5 = load.i8x16 notrap aligned v2+32
;;     v6, v7 = call_indirect sig0, v1(v0, v3, v4, v5)
;;     store notrap aligned v6, v2
;;     store notrap aligned v7, v2+16
;;     return
;; }

;; ; entry trampoline of type 1
;; function u0:0(i64, i64, i64) system_v {
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;
;; block0(v0: i64, v1: i64, v2: i64):
;;     v3 = load.i32 notrap aligned v2
;;     v4 = call_indirect sig0, v1(v0, v3)
;;     store notrap aligned v4, v2
;;     return
;; }

;; ; host trampoline of type 0
;; function u0:0(i64 vmctx, i32, f64, i8x16) -> i64, i64 tail {
;;     ss0 = explicit_slot 48, align = 16
;;     sig0 = (i64, i64) -> i32 system_v
;;     sig1 = (i64) system_v
;;
;; block0(v0: i64, v1: i32, v2: f64, v3: i8x16):
;;     v4 = stack_addr.i64 ss0
;;     v5 = load.i64 notrap aligned readonly v0+48
;;     v6 = select v5, v5, v4
;;     store notrap aligned v1, v6
;;     store notrap aligned v2, v6+16
;;     store notrap aligned v3, v6+32
;;     v7 = load.i64 notrap aligned readonly v0+8
;;     v8 = get_frame_pointer.i64
;;     store notrap aligned v8, v7+16
;;     v9 = load.i64 notrap aligned readonly v0+40
;;     v10 = call_indirect sig0, v9(v0, v6)
;;     brif v10, block1, block2
;;
;; block1 cold:
;;     v11 = load.i64 notrap aligned readonly v0+16
;;     v12 = load.i64 notrap aligned v11
;;     call_indirect sig1, v12(v0)
;;     trap user1
;;
;; block2:
;;     v13 = load.i64 notrap aligned v6
;;     v14 = load.i64 notrap aligned v6+16
;;     return v13, v14
;; }
