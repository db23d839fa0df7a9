-- Ends wrk once each of N answers has come: itself it only knows a time. Arguments: URL N.
local ffi = require("ffi")
ffi.cdef [[
    typedef struct { long seconds, nanoseconds; } moment;
    int clock_gettime(int clock, moment *now);
    int getpid(void);
    int kill(int process, int signal);
    int usleep(unsigned int microseconds);
]]

local function now()
    local moment = ffi.new("moment")
    ffi.C.clock_gettime(1, moment)
    return tonumber(moment.seconds) + tonumber(moment.nanoseconds) / 1e9
end

local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function init(arguments)
    local path
    for index = 0, #arguments do
        if arguments[index] and arguments[index]:find("{id}", 1, true) then
            path, total = arguments[index]:gsub("^%a+://[^/]*", ""), tonumber(arguments[index + 1])
        end
    end
    head, tail = path:match("^(.-){id}(.*)$")
    head = "GET " .. head
    tail = tail .. " HTTP/1.1\r\nHost: " .. wrk.headers["Host"] .. "\r\n\r\n"
    -- wrk asks once for a request that it only looks at.
    number, ok, err, seen = -1, 0, 0, {}
end

function request()
    if not began and number == 0 then began = now() end
    local id = number < 0 and 0 or number % total
    number = number + 1
    return head .. id .. tail
end

function response(status, _, content)
    if ok + err == total then return end
    local id = tonumber(content:match('^{"id": ?(%d+)}%s*$'))
    if status == 200 and id and id < total and not seen[id] then
        seen[id] = true
        ok = ok + 1
    elseif not (id and seen[id]) then
        err = err + 1
    end
    if ok + err == total then
        elapsed = now() - began
        wrk.thread:stop()
        -- The main thread must have come to its sleep, out of which the signal wakes it.
        ffi.C.usleep(50000)
        ffi.C.kill(ffi.C.getpid(), 2)
    end
end

function done()
    local thread = threads[1]
    print(string.format('{"ok":%d,"err":%d,"elapsed":%f,"h2":0}', thread:get("ok"), thread:get("err"), thread:get("elapsed") or 0))
end
