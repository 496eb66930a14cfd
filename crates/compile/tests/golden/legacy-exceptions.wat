(module
  (tag $tag)
  (import "m" "f" (func $f))
  ;; The inner try has no handler of its own: its calls have that of the outer one.
  (func (result i32)
    try $outer (result i32)
      try
        call $f
      delegate $outer
      i32.const 1
    catch $tag
      i32.const 2
    catch_all
      rethrow $outer
    end))

;; ; function 1
;; function u0:1(i64 vmctx) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;     sig0 = (i64 vmctx) tail
;;     sig1 = (i64, i64) system_v
;;     stack_limit = gv2
;;
;;                                 block0(v0: i64):
;;     v5 = load.i64 notrap aligned readonly can_move v0+8
;;     store notrap aligned region1 v0, v5+24
;;     v6 = load.i64 notrap aligned readonly can_move v0+56
;;     v7 = load.i64 notrap aligned readonly can_move v0+64
;;     v8 = load.i64 notrap aligned region1 v6
;;     try_call_indirect v8(v7), sig0, block6, [ default: block5(exn0) ]
;;
;;                                 block6:
;;     jump block4
;;
;;                                 block5(v4: i64) cold:
;;     jump block3(v4)
;;
;;                                 block4:
;;     v9 = iconst.i32 1
;;     jump block2(v9)  ; v9 = 1
;;
;;                                 block3(v3: i64) cold:
;;     v10 = load.i64 notrap v3+8
;;     v11 = load.i64 notrap aligned readonly can_move v0+80
;;     v12 = icmp eq v10, v11
;;     brif v12, block7, block8
;;
;;                                 block7:
;;     v13 = iconst.i32 2
;;     jump block2(v13)  ; v13 = 2
;;
;;                                 block8:
;;     v14 = load.i64 notrap aligned readonly can_move v0+16
;;     v15 = load.i64 notrap aligned readonly can_move v14+224
;;     call_indirect sig1, v15(v0, v3)
;;     trap user1
;;
;;                                 block2(v2: i32):
;;     jump block1(v2)
;;
;;                                 block1(v1: i32):
;;     return v1
;; }
