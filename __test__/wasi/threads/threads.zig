//! A program with threads, as Zig's standard library makes them of wasi-threads. The first argument says what it does; it
//! checks its own results.

const std = @import("std");
const Thread = std.Thread;

var fixed: std.heap.FixedBufferAllocator = undefined;
const gpa = fixed.allocator(); // for the first thread

/// New pages of memory.
fn grow(pages: usize) ![]u8 {
    const first = @wasmMemoryGrow(0, pages);
    if (first < 0) return error.OutOfMemory;
    return @as([*]u8, @ptrFromInt(@as(usize, @intCast(first)) << 16))[0 .. pages << 16];
}

const config: Thread.SpawnConfig = .{ .stack_size = 256 * 1024, .allocator = gpa };

var starting: Thread.Mutex = .{};

/// Makes a thread that does not end before its number is known here, where Zig 0.14 stores it too late.
fn spawn(comptime function: anytype, arguments: anytype) !Thread {
    const Started = struct {
        fn run(given: @TypeOf(arguments)) void {
            starting.lock();
            starting.unlock();
            @call(.auto, function, given);
        }
    };
    starting.lock();
    defer starting.unlock();
    return Thread.spawn(config, Started.run, .{arguments});
}

fn print(comptime format: []const u8, arguments: anytype) !void {
    var buffer: [256]u8 = undefined;
    try std.io.getStdOut().writeAll(try std.fmt.bufPrint(&buffer, format, arguments));
}

// Each thread adds up a part of the numbers.

var total: u64 = 0;

fn addUp(numbers: []const u32) void {
    var part: u64 = 0;
    for (numbers) |number| part += number;
    mutex.lock();
    total += part;
    mutex.unlock();
}

var mutex: Thread.Mutex = .{};

fn sum() !void {
    const numbers = try gpa.alloc(u32, 4 << 20);
    for (numbers, 0..) |*number, index| number.* = @intCast(index % 1000);
    var threads: [4]Thread = undefined;
    const part = numbers.len / threads.len;
    for (&threads, 0..) |*thread, index| {
        thread.* = try spawn(addUp, .{numbers[index * part ..][0..part]});
    }
    for (threads) |thread| thread.join();
    try print("{d}\n", .{total});
}

// Producers and consumers at a queue that is mostly full or empty. They need a condition each: Zig's may wake one who began to
// wait later in the place of one who was waiting.

var hasRoom: Thread.Condition = .{};
var hasMore: Thread.Condition = .{};
var queue: [4]u32 = undefined;
var queued: usize = 0;
var taken: u64 = 0;
const rounds = 2000;

fn produce() void {
    for (1..rounds + 1) |number| {
        mutex.lock();
        while (queued == queue.len) hasRoom.wait(&mutex);
        queue[queued] = @intCast(number);
        queued += 1;
        mutex.unlock();
        hasMore.broadcast();
    }
}

fn consume() void {
    for (0..rounds) |_| {
        mutex.lock();
        while (queued == 0) hasMore.wait(&mutex);
        queued -= 1;
        taken += queue[queued];
        mutex.unlock();
        hasRoom.broadcast();
    }
}

fn handOver() !void {
    var threads: [6]Thread = undefined;
    for (threads[0..3]) |*thread| thread.* = try spawn(produce, .{});
    for (threads[3..]) |*thread| thread.* = try spawn(consume, .{});
    for (threads) |thread| thread.join();
    try print("{d} {d}\n", .{ queued, taken });
}

// Files, memory and lines of output from several threads at once.

fn useFiles(id: usize) !void {
    const dir = std.fs.cwd();
    var name: [64]u8 = undefined;
    for (0..50) |round| {
        const path = try std.fmt.bufPrint(&name, "file-{d}-{d}", .{ id, round });
        const page = try grow(1);
        const text = page[0 .. 1000 + 100 * id];
        @memset(text, @intCast('a' + id));
        try dir.writeFile(.{ .sub_path = path, .data = text });
        const read = try dir.readFile(path, page[32768..]);
        if (!std.mem.eql(u8, text, read)) return error.Different;
        try dir.deleteFile(path);
        try print("thread {d} round {d}\n", .{ id, round });
    }
}

fn files() !void {
    var threads: [4]Thread = undefined;
    for (&threads, 0..) |*thread, id| thread.* = try spawn(mustUseFiles, .{id});
    for (threads) |thread| thread.join();
}

fn mustUseFiles(id: usize) void {
    useFiles(id) catch |failure| std.debug.panic("{s}", .{@errorName(failure)});
}

// Many threads, one after the other.

var count: std.atomic.Value(u32) = .init(0);

fn increment() void {
    _ = count.fetchAdd(1, .monotonic);
}

fn spawns() !void {
    for (0..1000) |_| (try spawn(increment, .{})).join();
    try print("{d}\n", .{count.load(.monotonic)});
}

// Threads that end the program, or do not end with it.

fn trap() void {
    @trap();
}

fn exit() void {
    std.process.exit(42);
}

fn forever() void {
    while (true) _ = count.fetchAdd(1, .monotonic);
}

pub fn main() !void {
    fixed = .init(try grow(768));
    // Of another place, so that stacks of threads are aligned.
    var buffer: [256]u8 = undefined;
    var small = std.heap.FixedBufferAllocator.init(&buffer);
    var arguments = try std.process.argsWithAllocator(small.allocator());
    _ = arguments.next();
    const what = arguments.next() orelse return error.NoArgument;
    const is = struct {
        what: []const u8,
        fn it(self: @This(), name: []const u8) bool {
            return std.mem.eql(u8, self.what, name);
        }
    }{ .what = what };
    if (is.it("sum")) return sum();
    if (is.it("queue")) return handOver();
    if (is.it("files")) return files();
    if (is.it("spawns")) return spawns();
    if (is.it("forever")) {
        _ = try spawn(forever, .{});
        while (count.load(.monotonic) == 0) {}
        return print("main is done\n", .{});
    }
    const thread = if (is.it("trap")) try spawn(trap, .{}) else try spawn(exit, .{});
    thread.join();
    try print("this is never written\n", .{});
}
