/* Undefines the group macros of interp/op.def. */
#undef INT_BINARY
#undef INT_DIVIDE
#undef INT_COMPARE
#undef STEP
#undef FLOAT_COMPARE
#undef FLOAT_BINARY
#undef UNARY
#undef TRUNCATE
#undef TERNARY
#undef SHIFTED
#undef LOAD
#undef STORE
#undef OP
