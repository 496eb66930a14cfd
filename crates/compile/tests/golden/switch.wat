(module
  ;; Jumps whose way through the switch is known lead there: forward to $done, backward with a poll to $test.
  (func (param i32 i32) (result i32)
    (loop $again
      (block $done
        (block $test
          (br_table $test $done (local.get 0)))
        (if (i32.eqz (local.get 1))
          (then (local.set 0 (i32.const 1)) (br $again)))
        (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
        (local.set 0 (i32.const 0))
        (br $again)))
    (local.get 1)))

;; ; function 0
;; function u0:0(i64 vmctx, i32, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32, v2: i32):
;;     jump block2
;;
;;                                 block2:
;;     v4 = load.i64 notrap aligned readonly can_move v0+8
;;     v5 = load.i64 notrap aligned readonly can_move v4+8
;;     v6 = atomic_load.i32 user11 aligned v5
;;     v8 = iconst.i32 1
;;     v9 = icmp.i32 ult v1, v8  ; v8 = 1
;;     brif v9, block5(v2), block4(v2)
;;
;;                                 block5(v10: i32):
;;     v11 = iconst.i32 0
;;     v12 = icmp eq v10, v11  ; v11 = 0
;;     v13 = uextend.i32 v12
;;     v14 = iconst.i32 1
;;     brif v13, block4(v10), block7
;;
;;                                 block7:
;;     jump block8
;;
;;                                 block8:
;;     v15 = iconst.i32 1
;;     v16 = isub.i32 v10, v15  ; v15 = 1
;;     v17 = iconst.i32 0
;;     v18 = load.i64 notrap aligned readonly can_move v0+8
;;     v19 = load.i64 notrap aligned readonly can_move v18+8
;;     v20 = atomic_load.i32 user11 aligned v19
;;     jump block5(v16)
;;
;;                                 block4(v21: i32):
;;     jump block3
;;
;;                                 block3:
;;     jump block1(v21)
;;
;;                                 block1(v3: i32):
;;     return v3
;; }
