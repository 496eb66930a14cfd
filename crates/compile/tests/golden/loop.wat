(module
  ;; The header asks whether the host wants to be let in.
  (func (param i32) (result i32)
    (loop $again (param) (result i32)
      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
      (br_if $again (local.get 0))
      (local.get 0))))

;; ; function 0
;; function u0:0(i64 vmctx, i32) -> i32 tail {
;;     gv0 = vmctx
;;     gv1 = load.i64 notrap aligned readonly gv0+8
;;     gv2 = load.i64 notrap aligned gv1
;;
;;                                 block0(v0: i64, v1: i32):
;;     jump block2(v1)
;;
;;                                 block2(v7: i32):
;;     v4 = load.i64 notrap aligned readonly can_move v0+8
;;     v5 = load.i64 notrap aligned readonly can_move v4+8
;;     v6 = atomic_load.i32 user11 aligned v5
;;     v8 = iconst.i32 1
;;     v9 = isub v7, v8  ; v8 = 1
;;     brif v9, block2(v9), block3(v9)
;;
;;                                 block3(v3: i32):
;;     jump block1(v3)
;;
;;                                 block1(v2: i32):
;;     return v2
;; }
