"""The only floor with sockets on it: connections, timers, and the order in which things happen."""
