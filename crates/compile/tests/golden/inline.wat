(module
  (type $t (func (param i32) (result i32)))
  (import "host" "f" (func $import (type $t)))
  (func $tiny (type $t) (if (i32.eqz (local.get 0)) (then (return (i32.const 7)))) (i32.add (local.get 0) (i32.const 1)))
  ;; More code than a call.
  (func $small (type $t)
    (call $import (call $import (call $import (local.get 0)))))
  ;; The tiny one is inlined, and what returns in it goes on here; the small one is only where there is a loop.
  (func $outside (type $t) (call $small (call $tiny (local.get 0))))
  (func $inside (type $t) (loop (local.set 0 (call $small (local.get 0))) (br_if 0 (local.get 0))) (local.get 0))
  ;; Functions that call each other in their own place become one loop.
  (func $even (type $t)
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.const 1))
      (else (return_call $odd (i32.sub (local.get 0) (i32.const 1))))))
  (func $odd (type $t)
    (if (result i32) (i32.eqz (local.get 0))
      (then (i32.const 0))
      (else (return_call $even (i32.sub (local.get 0) (i32.const 1)))))))

;; ; function 1
;; function u0:1(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = iconst.i32 0
;;     v4 = icmp eq v1, v3  ; v3 = 0
;;     v5 = uextend.i32 v4
;;     brif v5, block2, block3
;;
;;                                 block2:
;;     v6 = iconst.i32 7
;;     jump block1(v6)  ; v6 = 7
;;
;;                                 block3:
;;     jump block4
;;
;;                                 block4:
;;     v7 = iconst.i32 1
;;     v8 = iadd.i32 v1, v7  ; v7 = 1
;;     jump block1(v8)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 2
;; function u0:2(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     stack_limit = gv2
;;
;;                                 block0(v0: i64, v1: i32):
;;     v3 = load.i64 notrap aligned readonly can_move v0+8
;;     store notrap aligned region1 v0, v3+24
;;     v4 = load.i64 notrap aligned readonly can_move v0+56
;;     v5 = load.i64 notrap aligned readonly can_move v0+64
;;     v6 = load.i64 notrap aligned region1 v4
;;     v7 = call_indirect sig0, v6(v5, v1)
;;     v8 = load.i64 notrap aligned readonly can_move v0+8
;;     store notrap aligned region1 v0, v8+24
;;     v9 = load.i64 notrap aligned readonly can_move v0+56
;;     v10 = load.i64 notrap aligned readonly can_move v0+64
;;     v11 = load.i64 notrap aligned region1 v9
;;     v12 = call_indirect sig0, v11(v10, v7)
;;     v13 = load.i64 notrap aligned readonly can_move v0+8
;;     store notrap aligned region1 v0, v13+24
;;     v14 = load.i64 notrap aligned readonly can_move v0+56
;;     v15 = load.i64 notrap aligned readonly can_move v0+64
;;     v16 = load.i64 notrap aligned region1 v14
;;     v17 = call_indirect sig0, v16(v15, v12)
;;     jump block1(v17)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 3
;; function u0:3(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     fn0 = colocated u0:2 sig0
;;     stack_limit = gv2
;;
;;                                 block0(v0: i64, v1: i32):
;;     v4 = iconst.i32 0
;;     v5 = icmp eq v1, v4  ; v4 = 0
;;     v6 = uextend.i32 v5
;;     brif v6, block3, block4
;;
;;                                 block3:
;;     v7 = iconst.i32 7
;;     jump block2(v7)  ; v7 = 7
;;
;;                                 block4:
;;     jump block5
;;
;;                                 block5:
;;     v8 = iconst.i32 1
;;     v9 = iadd.i32 v1, v8  ; v8 = 1
;;     jump block2(v9)
;;
;;                                 block2(v3: i32):
;;     v10 = call fn0(v0, v3)
;;     jump block1(v10)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 4
;; function u0:4(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64 vmctx, i32) -> i32 tail
;;     stack_limit = gv2
;;
;;                                 block0(v0: i64, v1: i32):
;;     jump block2(v1)
;;
;;                                 block2(v6: i32):
;;     v3 = load.i64 notrap aligned readonly can_move v0+8
;;     v4 = load.i64 notrap aligned readonly can_move v3+8
;;     v5 = atomic_load.i32 user11 aligned v4
;;     v8 = load.i64 notrap aligned readonly can_move v0+8
;;     store.i64 notrap aligned region1 v0, v8+24
;;     v9 = load.i64 notrap aligned readonly can_move v0+56
;;     v10 = load.i64 notrap aligned readonly can_move v0+64
;;     v11 = load.i64 notrap aligned region1 v9
;;     v12 = call_indirect sig0, v11(v10, v6)
;;     v13 = load.i64 notrap aligned readonly can_move v0+8
;;     store.i64 notrap aligned region1 v0, v13+24
;;     v14 = load.i64 notrap aligned readonly can_move v0+56
;;     v15 = load.i64 notrap aligned readonly can_move v0+64
;;     v16 = load.i64 notrap aligned region1 v14
;;     v17 = call_indirect sig0, v16(v15, v12)
;;     v18 = load.i64 notrap aligned readonly can_move v0+8
;;     store.i64 notrap aligned region1 v0, v18+24
;;     v19 = load.i64 notrap aligned readonly can_move v0+56
;;     v20 = load.i64 notrap aligned readonly can_move v0+64
;;     v21 = load.i64 notrap aligned region1 v19
;;     v22 = call_indirect sig0, v21(v20, v17)
;;     jump block4(v22)
;;
;;                                 block4(v7: i32):
;;     brif v7, block2(v7), block3
;;
;;                                 block3:
;;     jump block1(v7)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }

;; ; function 5
;; function u0:5(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;                                     jump block1(v1)
;;
;;                                 block1(v3: i32):
;;     v4 = iconst.i32 0
;;     v5 = icmp eq v3, v4  ; v4 = 0
;;     v6 = uextend.i32 v5
;;     v8 = iconst.i32 1
;;     brif v6, block5(v8), block4  ; v8 = 1
;;
;;                                 block4:
;;     v9 = iconst.i32 1
;;     v10 = isub.i32 v3, v9  ; v9 = 1
;;     v12 = iconst.i32 0
;;     v13 = icmp eq v10, v12  ; v12 = 0
;;     v14 = uextend.i32 v13
;;     v16 = iconst.i32 0
;;     brif v14, block9(v16), block8  ; v16 = 0
;;
;;                                 block8:
;;     v17 = iconst.i32 1
;;     v18 = isub.i32 v10, v17  ; v17 = 1
;;     v19 = load.i64 notrap aligned readonly can_move v0+8
;;     v20 = load.i64 notrap aligned readonly can_move v19+8
;;     v21 = atomic_load.i32 user11 aligned v20
;;     jump block1(v18)
;;
;;                                 block9(v15: i32):
;;     jump block6(v15)
;;
;;                                 block6(v11: i32):
;;     jump block2(v11)
;;
;;                                 block5(v7: i32):
;;     jump block2(v7)
;;
;;                                 block2(v2: i32):
;;     return v2
;; }

;; ; function 6
;; function u0:6(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;                                     jump block1(v1)
;;
;;                                 block1(v3: i32):
;;     v4 = iconst.i32 0
;;     v5 = icmp eq v3, v4  ; v4 = 0
;;     v6 = uextend.i32 v5
;;     v8 = iconst.i32 0
;;     brif v6, block5(v8), block4  ; v8 = 0
;;
;;                                 block4:
;;     v9 = iconst.i32 1
;;     v10 = isub.i32 v3, v9  ; v9 = 1
;;     v12 = iconst.i32 0
;;     v13 = icmp eq v10, v12  ; v12 = 0
;;     v14 = uextend.i32 v13
;;     v16 = iconst.i32 1
;;     brif v14, block9(v16), block8  ; v16 = 1
;;
;;                                 block8:
;;     v17 = iconst.i32 1
;;     v18 = isub.i32 v10, v17  ; v17 = 1
;;     v19 = load.i64 notrap aligned readonly can_move v0+8
;;     v20 = load.i64 notrap aligned readonly can_move v19+8
;;     v21 = atomic_load.i32 user11 aligned v20
;;     jump block1(v18)
;;
;;                                 block9(v15: i32):
;;     jump block6(v15)
;;
;;                                 block6(v11: i32):
;;     jump block2(v11)
;;
;;                                 block5(v7: i32):
;;     jump block2(v7)
;;
;;                                 block2(v2: i32):
;;     return v2
;; }
