//! What Zig's standard library makes of the system interface: files, directories, arguments, environment.

const std = @import("std");
const expect = std.testing.expect;

fn files(io: std.Io, dir: std.Io.Dir, gpa: std.mem.Allocator) !void {
    try dir.writeFile(io, .{ .sub_path = "file.txt", .data = "one\ntwo\n" });
    const text = try dir.readFileAlloc(io, "file.txt", gpa, .unlimited);
    try expect(std.mem.eql(u8, text, "one\ntwo\n"));
    const stat = try dir.statFile(io, "file.txt", .{});
    try expect(stat.size == 8 and stat.kind == .file);
    try std.testing.expectError(error.FileNotFound, dir.readFileAlloc(io, "none", gpa, .unlimited));
    try dir.rename("file.txt", dir, "moved.txt", io);
    try std.testing.expectError(error.FileNotFound, dir.statFile(io, "file.txt", .{}));
    try dir.deleteFile(io, "moved.txt");
    if (dir.readFileAlloc(io, "../outside", gpa, .unlimited)) |_| return error.Escaped else |_| {}
}

fn directories(io: std.Io, dir: std.Io.Dir, gpa: std.mem.Allocator) !void {
    try dir.createDirPath(io, "tree/a/b");
    for (0..200) |number| {
        const path = try std.fmt.allocPrint(gpa, "tree/a/{d}", .{number});
        try dir.writeFile(io, .{ .sub_path = path, .data = "0123456789" });
    }
    var inner = try dir.openDir(io, "tree/a", .{ .iterate = true });
    var entries = inner.iterate();
    var count: usize = 0;
    while (try entries.next(io)) |_| count += 1;
    inner.close(io);
    try expect(count == 201);
    try dir.deleteTree(io, "tree");
    try std.testing.expectError(error.FileNotFound, dir.statFile(io, "tree", .{}));
}

pub fn main(init: std.process.Init) !void {
    const gpa = init.arena.allocator();
    const dir = std.Io.Dir.cwd();
    try files(init.io, dir, gpa);
    try directories(init.io, dir, gpa);
    var out: std.ArrayList(u8) = .empty;
    var args = try init.minimal.args.iterateAllocator(gpa);
    _ = args.next();
    while (args.next()) |arg| try out.print(gpa, "[{s}]", .{arg});
    try out.print(gpa, " {s}\n", .{init.environ_map.get("GREETING").?});
    try std.Io.File.stdout().writeStreamingAll(init.io, out.items);
    std.process.exit(7);
}
