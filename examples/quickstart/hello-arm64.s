// The program of the quickstart image for Linux on AArch64: no libc, no loader, so it runs FROM scratch.
// Build it with ./build.sh.

        .set    utsname, 400                    // 6 × 65 bytes, rounded up
        .set    line, 512

        .globl  _start
        .text
_start:
        sub     sp, sp, #(utsname + line)
        mov     x19, sp                         // x19: the utsname, fields of 65 bytes each
        add     x20, sp, #utsname               // x20: the line
        mov     x21, x20                        // x21: end of what has been written into the line
        mov     x0, x19
        mov     x8, #160                        // uname
        svc     #0
        adr     x1, greeting
        bl      append
        mov     x1, x19                         // sysname
        bl      append
        adr     x1, space
        bl      append
        add     x1, x19, #130                   // release
        bl      append
        adr     x1, on
        bl      append
        add     x1, x19, #260                   // machine
        bl      append
        adr     x1, host
        bl      append
        add     x1, x19, #65                    // nodename: the container's host name
        bl      append
        adr     x1, process
        bl      append
        mov     x8, #172                        // getpid
        svc     #0
        bl      append_number
        mov     w2, #10
        strb    w2, [x21], #1
        mov     x1, x20
        sub     x2, x21, x20
        mov     x0, #1
        mov     x8, #64                         // write
        svc     #0
        mov     x0, #0
        mov     x8, #93                         // exit
        svc     #0

// Copies the text at x1, without its NUL, to x21; leaves x21 behind it.
append:
        ldrb    w2, [x1], #1
        cbz     w2, 1f
        strb    w2, [x21], #1
        b       append
1:      ret

// Writes x0 in decimal to x21; leaves x21 behind it.
append_number:
        mov     x4, #10
        mov     x5, sp                          // digits on the stack, 16 bytes each: sp stays aligned
1:      udiv    x2, x0, x4
        msub    x3, x2, x4, x0
        add     x3, x3, #48
        str     x3, [sp, #-16]!
        mov     x0, x2
        cbnz    x0, 1b
2:      ldr     x3, [sp], #16
        strb    w3, [x21], #1
        cmp     sp, x5
        b.ne    2b
        ret

greeting: .asciz "Hello from a container: "
space:    .asciz " "
on:       .asciz " on "
host:     .asciz ", host "
process:  .asciz ", process "
