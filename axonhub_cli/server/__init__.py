"""The only floor that knows aiohttp: sockets, timers, and the order in which things happen."""
