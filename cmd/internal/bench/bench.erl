%% The peer's side of the comparison: the same work that Hearth's guests do, with
%% messages of 64 bytes. It prints the operations, the nanoseconds that passed and
%% the nanoseconds of processor time, as the kernel counts it for the whole VM
%% (statistics(runtime) leaves the kernel's own share out).
%%
%%   erl -noshell -run bench main ring 2 1000000
-module(bench).
-export([main/1]).

main([What | Args]) ->
    Numbers = [list_to_integer(A) || A <- Args],
    io:format("~s~n", [lists:join(" ", [integer_to_list(X) || X <- work(What, Numbers)])]),
    halt(0).

%% A token goes round a ring of Size stations.
work("ring", [Size, Hops]) ->
    Me = self(),
    [First | _] = Stations = [spawn(fun() -> station(Me) end) || _ <- lists:seq(1, Size)],
    lists:foldl(fun(S, Next) -> S ! {next, Next}, S end, First, lists:reverse(Stations)),
    Run = fun(N) -> First ! <<N:64/little, 0:448>>, receive {arrived, _} -> ok end end,
    Run(1000),
    measured(Hops, fun() -> Run(Hops) end);
%% Sixteen senders send to one receiver, at most 10,000 messages each at a time.
work("fanin", [Messages]) ->
    Me = self(),
    Sink = spawn(fun() -> sink(Me) end),
    Senders = [spawn(fun sender/0) || _ <- lists:seq(1, 16)],
    Run = fun(Each) ->
        Sink ! {total, 16 * Each},
        [S ! {send, Sink, Each} || S <- Senders],
        receive all -> ok end
    end,
    Run(100),
    measured(Messages, fun() -> rounds(Messages div 16, 10000, Run) end);
%% A process gets one message, answers and ends; a thousand at a time.
work("spawn", [Processes]) ->
    Run = fun(N) -> start(N), finish(N) end,
    Run(1000),
    measured(Processes, fun() -> rounds(Processes, 1000, Run) end);
%% The memory of a process that has handled one message and waits, as the kernel
%% counts it for the whole VM.
work("idle", [Processes]) ->
    garbage_collect(),
    Before = pss(),
    [begin P = spawn(fun idle/0), P ! {self(), payload()}, receive {P, _} -> P end end || _ <- lists:seq(1, Processes)],
    garbage_collect(),
    [Processes, (pss() - Before) div Processes].

measured(Ops, F) ->
    C0 = cpu(), T0 = erlang:monotonic_time(nanosecond),
    F(),
    T1 = erlang:monotonic_time(nanosecond), C1 = cpu(),
    [Ops, T1 - T0, C1 - C0].

rounds(N, Most, Run) when N > Most -> Run(Most), rounds(N - Most, Most, Run);
rounds(N, _, Run) -> Run(N).

payload() -> <<0:512>>.

station(Done) -> receive {next, Next} -> station(Done, Next) end.
station(Done, Next) ->
    receive
        <<0:64/little, _/binary>> = Token -> Done ! {arrived, Token};
        <<N:64/little, Rest/binary>> -> Next ! <<(N - 1):64/little, Rest/binary>>
    end,
    station(Done, Next).

sender() -> receive {send, To, N} -> send(To, N) end, sender().
send(_, 0) -> ok;
send(To, N) -> To ! <<(N - 1):64/little, 0:448>>, send(To, N - 1).

sink(Done) -> receive {total, N} -> sink(Done, N) end.
sink(Done, 0) -> Done ! all, sink(Done);
sink(Done, N) -> receive <<_:64/little, _/binary>> -> sink(Done, N - 1) end.

start(0) -> ok;
start(N) ->
    P = spawn(fun() -> receive {From, <<_/binary>>} -> From ! answer end end),
    P ! {self(), payload()},
    start(N - 1).
finish(0) -> ok;
finish(N) -> receive answer -> finish(N - 1) end.

idle() -> receive {From, Data} -> From ! {self(), Data} end, idle().

%% User and system time of the VM in ticks of 10 ms: fields 14 and 15.
cpu() ->
    {ok, Stat} = file:read_file("/proc/self/stat"),
    [_, Rest] = binary:split(Stat, <<") ">>),
    Fields = binary:split(Rest, <<" ">>, [global]),
    10000000 * lists:sum([binary_to_integer(lists:nth(N, Fields)) || N <- [12, 13]]).

pss() ->
    {ok, Rollup} = file:read_file("/proc/self/smaps_rollup"),
    {match, [Kib]} = re:run(Rollup, "\nPss: +([0-9]+) kB", [{capture, all_but_first, list}]),
    1024 * list_to_integer(Kib).
