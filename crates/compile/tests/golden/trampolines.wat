;;! trampolines
(module
  (import "host" "f" (func (param i32 f64 v128) (result i64 externref)))
  (func (export "g") (param i32) (result i32) (local.get 0)))

;; ; function 1
;; function u0:1(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
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
;;     v4 = load.i64 notrap aligned readonly v0+8
;;     v5 = get_frame_pointer.i64
;;     store notrap aligned v5, v4+16
;;     v6 = load.i64 notrap aligned readonly v0+64
;;     brif v6, block1, block2
;;
;; block1:
;;     store.i32 notrap aligned v1, v6
;;     store.f64 notrap aligned v2, v6+16
;;     store.i8x16 notrap aligned v3, v6+32
;;     v7 = load.i64 notrap aligned v4+48
;;     v8 = iconst.i64 0
;;     v9 = iadd v7, v8  ; v8 = 0
;;     v10 = iconst.i64 24
;;     v11 = iadd v7, v10  ; v10 = 24
;;     v12 = stack_switch v9, v11, v0
;;     brif v12, block3, block4
;;
;; block4:
;;     v13 = load.i64 notrap aligned v6
;;     v14 = load.i64 notrap aligned v6+16
;;     return v13, v14
;;
;; block2:
;;     v15 = stack_addr.i64 ss0
;;     store.i32 notrap aligned v1, v15
;;     store.f64 notrap aligned v2, v15+16
;;     store.i8x16 notrap aligned v3, v15+32
;;     v16 = load.i64 notrap aligned readonly v0+56
;;     v17 = call_indirect sig0, v16(v0, v15)
;;     brif v17, block3, block5
;;
;; block5:
;;     v18 = load.i64 notrap aligned v15
;;     v19 = load.i64 notrap aligned v15+16
;;     return v18, v19
;;
;; block3 cold:
;;     v20 = load.i64 notrap aligned readonly v0+16
;;     v21 = load.i64 notrap aligned v20
;;     call_indirect sig1, v21(v0)
;;     trap user1
;; }
