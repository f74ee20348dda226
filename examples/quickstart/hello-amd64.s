# The program of the quickstart image for Linux on x86-64: no libc, no loader, so it runs FROM scratch.
# Build it with ./build.sh.

        .set    utsname, 400                    # 6 × 65 bytes, rounded up
        .set    line, 512

        .globl  _start
        .text
_start:
        sub     $(utsname + line), %rsp
        mov     %rsp, %rdi
        mov     $63, %eax                       # uname
        syscall
        mov     %rsp, %rbx                      # rbx: the utsname, fields of 65 bytes each
        lea     utsname(%rsp), %rdi             # rdi: end of what has been written into the line
        lea     greeting(%rip), %rsi
        call    append
        mov     %rbx, %rsi                      # sysname
        call    append
        lea     space(%rip), %rsi
        call    append
        lea     130(%rbx), %rsi                 # release
        call    append
        lea     on(%rip), %rsi
        call    append
        lea     260(%rbx), %rsi                 # machine
        call    append
        lea     host(%rip), %rsi
        call    append
        lea     65(%rbx), %rsi                  # nodename: the container's host name
        call    append
        lea     process(%rip), %rsi
        call    append
        mov     $39, %eax                       # getpid
        syscall
        call    append_number
        movb    $10, (%rdi)
        inc     %rdi
        lea     utsname(%rbx), %rsi
        mov     %rdi, %rdx
        sub     %rsi, %rdx
        mov     $1, %edi
        mov     $1, %eax                        # write
        syscall
        xor     %edi, %edi
        mov     $60, %eax                       # exit
        syscall

# Copies the text at rsi, without its NUL, to rdi; leaves rdi behind it.
append:
        lodsb
        test    %al, %al
        jz      1f
        stosb
        jmp     append
1:      ret

# Writes rax in decimal to rdi; leaves rdi behind it.
append_number:
        mov     $10, %ecx
        xor     %esi, %esi                      # digits on the stack
1:      xor     %edx, %edx
        div     %rcx
        add     $48, %edx
        push    %rdx
        inc     %esi
        test    %rax, %rax
        jnz     1b
2:      pop     %rax
        stosb
        dec     %esi
        jnz     2b
        ret

greeting: .asciz "Hello from a container: "
space:    .asciz " "
on:       .asciz " on "
host:     .asciz ", host "
process:  .asciz ", process "
