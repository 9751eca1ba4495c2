-- For wrk: each connection waits so long before its next request that all of them come to RATE a second, as long as the
-- answers take next to no time.
local pause = 1000 * tonumber(os.getenv("CONNECTIONS")) / tonumber(os.getenv("RATE"))

function delay()
    return pause
end
