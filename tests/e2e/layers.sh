#!/bin/bash
# The order of the modules: an include may point down the list only.
. "$(dirname "$0")/lib.sh"
modules="base data model compiler trainer sim boards report cli"
for m in $modules; do
    allowed="${modules%%"$m"*}$m"
    bad=$(grep -rnoE '#include "[a-z]+/' "$top/$m" --include='*.[ch]' | while IFS=: read -r file line text; do
        used=${text#*\"}; used=${used%/}
        case " $allowed " in *" $used "*) ;; *) case " $modules " in *" $used "*) echo "$file:$line $used";; esac;; esac
    done)
    check "$m uses only what is below it" test -z "$bad"
    [ -z "$bad" ] || echo "$bad"
done
finish
