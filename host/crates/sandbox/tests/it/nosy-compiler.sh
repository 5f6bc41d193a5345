#!/bin/sh
# Stands in for the compile child and tells what it finds.
{
    echo "arguments=$*"
    /usr/bin/env
    echo "cpu=$(ulimit -t) memory=$(ulimit -v) core=$(ulimit -c)"
} >&2
exit 1
