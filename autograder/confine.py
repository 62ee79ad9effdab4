"""Confine a process for good, before the first line of a student runs in it.

Runs beside the student's code and knows nothing secret. Each layer is entered where the kernel has it;
what was entered is told, so that the grader reports facts. Linux only; elsewhere only limits are set.
"""

import ctypes
import errno
import os
import resource
import struct
import sys

NEWNS, NEWIPC, NEWUSER, NEWPID, NEWNET = 0x20000, 0x08000000, 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 2, 4, 8, 0x4000, 0x40000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38

# A student's processes may not make namespaces, look into others, or talk to parts of the kernel that no
# exercise needs and that most exploits do. clone3 answers "not implemented", so that libc falls back to clone,
# whose flags a filter can read.
REFUSED_CALLS = (
    "unshare setns mount umount2 pivot_root chroot move_mount open_tree fsopen fsmount fsconfig ptrace "
    "process_vm_readv process_vm_writev kcmp pidfd_getfd bpf perf_event_open keyctl add_key request_key userfaultfd "
    "io_uring_setup kexec_load kexec_file_load init_module finit_module delete_module open_by_handle_at reboot "
    "swapon swapoff acct quotactl syslog settimeofday clock_settime adjtimex"
).split()


class NotThere(OSError):
    """The kernel refuses this layer, or does not have it."""


def libc():
    return ctypes.CDLL(None, use_errno=True)


def system(name: str, *arguments) -> int:
    """Call a function of libc; raises ``NotThere`` with the kernel's reason where it fails."""
    result = getattr(libc(), name)(*arguments)
    if result < 0:
        number = ctypes.get_errno()
        raise NotThere(number, f"{name}: {os.strerror(number)}")
    return result


def enter_namespaces(with_network: bool) -> list[str]:
    """Give this process's children processes, mounts and IPC of their own, and a network if it is not yet alone.

    As root the kernel is asked directly; as anybody else through a user namespace, in which this user is an
    ordinary one. Raises ``NotThere`` where neither is allowed.
    """
    flags = NEWNS | NEWPID | NEWIPC | (NEWNET if with_network else 0)
    user, group = os.getuid(), os.getgid()
    hide_memory(False)  # or the files under /proc/self would be root's
    system("unshare", flags if user == 0 else flags | NEWUSER)
    if user:
        for name, line in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
            with open(f"/proc/self/{name}", "w") as file:
                file.write(line)
    return ["processes"] + (["network"] if with_network else [])


def mount_scratch(folder: str, size: int, user: int) -> list[str]:
    """Mount an empty file system of ``size`` bytes on ``folder``, and this namespace's own view of processes."""
    system("mount", b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    options = f"size={size},nr_inodes=10000,mode=700,uid={user}".encode()
    system("mount", b"tmpfs", folder.encode(), b"tmpfs", MS_NOSUID | MS_NODEV, options)
    try:
        system("mount", b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None)
    except NotThere:
        system("mount", b"tmpfs", b"/proc", b"tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, b"size=0,mode=555")
    return ["scratch"]


def become(user: int) -> list[str]:
    """Drop root for the ordinary user ``user``; nothing to do for those who are not root."""
    if os.getuid() != 0:
        drop_capabilities()
        return []
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    return ["user"]


def drop_capabilities() -> None:
    """Give up what root may, also the root of a user namespace."""
    system("capset", struct.pack("<II", 0x20080522, 0), bytes(24))


def limit(memory: int, cpu: int, file_size: int, processes: int | None) -> None:
    """Limit this process: bytes of address space, seconds of processor time, bytes of a file, processes."""
    limits = {resource.RLIMIT_FSIZE: (file_size, file_size), resource.RLIMIT_CORE: (0, 0)}
    limits[resource.RLIMIT_CPU] = cpu, cpu + 5  # SIGXCPU, which says why, some seconds before SIGKILL
    limits[resource.RLIMIT_NOFILE] = 256, 256
    if processes is not None:  # where the count is not that of a user who also does other things
        limits[resource.RLIMIT_NPROC] = processes // 2, processes  # cells have half, so that forks for answers are left
    if sys.platform != "darwin":  # where every process already has more address space than any sensible limit
        limits[resource.RLIMIT_AS] = memory, memory
    for which, pair in limits.items():
        resource.setrlimit(which, pair)


def restrict_files(readable: list[str], writable: list[str]) -> list[str]:
    """Landlock: from here on files are read under ``readable`` and written under ``writable``, nothing else.

    Where the kernel can, TCP, signals to processes outside and abstract sockets end as well. Raises
    ``NotThere`` where there is no Landlock.
    """
    call, create, add, restrict = libc().syscall, 444, 445, 446

    def checked(result: int) -> int:
        if result < 0:
            raise NotThere(ctypes.get_errno(), "Landlock: " + os.strerror(ctypes.get_errno()))
        return result

    version = checked(call(create, None, ctypes.c_size_t(0), 1))
    rights = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    attributes = struct.pack("<QQQ", rights, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    rules = checked(call(create, attributes, ctypes.c_size_t(size), 0))
    of_files = rights & (1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15)
    reading = 1 << 0 | 1 << 2 | 1 << 3
    for paths, allowed in ((readable, reading), (writable, rights)):
        for path in paths:
            try:
                descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue
            fits = allowed if os.path.isdir(path) else allowed & of_files
            checked(call(add, rules, 1, struct.pack("<QI", fits, descriptor), 0))
            os.close(descriptor)
    checked(call(restrict, rules, 0))
    os.close(rules)
    return [f"Landlock {version}"]


def system_call_filter():
    """A filter that refuses ``REFUSED_CALLS``, ready to ``load()``; raises ``NotThere`` without libseccomp."""
    try:
        import pyseccomp
    except (ImportError, OSError, RuntimeError) as error:
        raise NotThere(errno.ENOENT, f"libseccomp: {error}") from None
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for name in REFUSED_CALLS:
        try:
            rules.add_rule(pyseccomp.ERRNO(errno.EPERM), name)
        except (OSError, ValueError):  # unknown to this libseccomp or this processor
            continue
    every_namespace = NEWNS | NEWIPC | NEWUSER | NEWPID | NEWNET | 0x02000000 | 0x04000000
    for flag in (1 << bit for bit in range(32) if every_namespace >> bit & 1):
        rules.add_rule(pyseccomp.ERRNO(errno.EPERM), "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    return rules


def forbid_privileges() -> None:
    """Neither this process nor what it starts can gain rights by starting a program."""
    system("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def hide_memory(hidden: bool) -> None:
    """Whether other processes of the same user are kept from reading this one's memory."""
    system("prctl", PR_SET_DUMPABLE, int(not hidden), 0, 0, 0)


def end_with_parent(signal: int) -> None:
    system("prctl", PR_SET_PDEATHSIG, signal, 0, 0, 0)
