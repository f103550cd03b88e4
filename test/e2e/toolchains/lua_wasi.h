/* What Lua's library wants of a system and WASI does not have: each call fails. */
#include <stdio.h>
#include <stdlib.h>

#define LUA_TMPNAMBUFSIZE 32
#define lua_tmpnam(b, e)  ((e) = 1)
#define system(command)	  ((command) ? -1 : 0)
#define tmpfile()	  ((FILE *)NULL)
