source ./completion; or exit 1
for line in 'tasker-ctl te' 'tasker-ctl template generate --dr' 'tasker-ctl task get 01982f6a' 'tasker-ctl --color=al'
    complete --do-complete $line | string replace --regex '\t.*' ''
end
