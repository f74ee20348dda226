import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { Collector, runShell, runToEnd } from '../../support/collect.js'
import { openMemory } from '../../support/open-memory.js'

describe('the simulated sh', () => {
  it.each([
    ['runs one command after another', 'echo a; echo b\necho c', 'a\nb\nc\n', 0],
    ['stops at exit with its code', 'exit 7; echo no', '', 7],
    ['reduces exit codes to eight bits', 'sh -c "exit 300"; echo $?; exit -1', '44\n', 255],
    ['ends with the code of the last command', 'true; false', '', 1],
    ['evaluates && and ||', 'true && echo a; false && echo b; false || echo c; true || echo d', 'a\nc\n', 0],
    ['expands $?', 'false; echo $?', '1\n', 0],
    ['pipes', 'seq 100 | head -n 3 | wc -l', '3\n', 0],
    ['ends a writer whose reader has ended', 'yes | head -c 4', 'y\ny\n', 0],
    ['expands variables except in single quotes', `A=1; B="$A 2"; echo "$B" '$B' \${A}x`, '1 2 $B 1x\n', 0],
    ['sets variables for one command', 'A=1 env | head -n 100 | wc -l; echo "[$A]"', '4\n[]\n', 0],
    ['expands its arguments', 'echo $0 $1 "$@"', 'sh one one two\n', 0],
    ['writes, appends and reads files', 'echo a > f; echo b >> f; cat < f', 'a\nb\n', 0],
    ['distinguishes 2> from 2 >', 'none 2>/dev/null; echo 2 > f; cat f', '2\n', 0],
    ['copies streams', 'sh -c "echo a >&2" 2>&1', 'a\n', 0],
    ['changes its directory', 'cd /etc; pwd; head -n 1 passwd', '/etc\nroot:x:0:0:root:/root:/bin/sh\n', 0],
    ['ends after exec', 'exec echo a; echo b', 'a\n', 0],
    ['skips comments', 'echo a # no; echo b\n# echo c\necho d', 'a\nd\n', 0],
    ['keeps newlines in quotes', 'printf "a\nb"', 'a\nb', 0],
    ['ignores quotes in comments', `echo a # don'; echo no\n# "\necho b`, 'a\nb\n', 0],
    ['skips an empty comment', 'echo a #\necho b', 'a\nb\n', 0],
    ['joins lines that end with a backslash', 'echo a \\\nb "c\\\nd"', 'a b cd\n', 0],
    ['keeps # inside a word', 'echo a#b', 'a#b\n', 0],
    ['continues a step after a line that ends with &&', 'false &&\necho a; echo b', 'b\n', 0],
    ['keeps $ and escaped substitutions', `echo "1$" '\`a\` $(b)' \\\`c "\\\`d \\$(e)"`, '1$ `a` $(b) `c `d $(e)\n', 0],
    ['ends with 127 for a missing command', 'none 2>/dev/null', '', 127],
  ])('%s', async (_, script, stdout, exitCode) => {
    await using memory = await openMemory()
    expect(await runShell(memory.runtime, script, 'one', 'two')).toMatchObject({ stdout, exitCode })
  })

  it.each([
    'while true; do true; done',
    'if true; then true; fi',
    '(true)',
    'echo `x`',
    'echo "`x`"',
    'sleep 1 &',
    'echo $(pwd)',
    'echo "$(pwd)"',
    `echo \${A:-b}`,
    'echo $#',
    'cat << EOF',
  ])('rejects %s as unsupported and runs nothing', async (script) => {
    await using memory = await openMemory()
    const result = await runShell(memory.runtime, `echo before\n${script}`)
    expect(result).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('does not support') })
  })

  it.each([
    ['echo >', 'a redirect has no target'],
    ['true |', 'a command is missing'],
    ['| cat', 'a command is missing'],
    ["echo 'a", 'a quotation is not closed'],
  ])('rejects %s and runs nothing, because %s', async (script, reason) => {
    await using memory = await openMemory()
    const result = await runShell(memory.runtime, `echo before\n${script}`)
    expect(result).toEqual({ exitCode: 2, stdout: '', stderr: `sh: syntax error: ${reason}\n` })
  })

  it('prints the limit of open files for `ulimit -n` and rejects other options', async () => {
    await using memory = await openMemory()
    expect(await runShell(memory.runtime, 'ulimit -n')).toMatchObject({ exitCode: 0, stdout: '1048576\n' })
    const stderr = expect.stringContaining('does not support "ulimit -m"')
    expect(await runShell(memory.runtime, 'ulimit -m')).toMatchObject({ exitCode: 2, stdout: '', stderr })
  })

  it('reads commands from stdin', async () => {
    await using memory = await openMemory()
    const id = await memory.runtime.createContainer({ image: 'busybox', interactive: true })
    const stdin = new PassThrough()
    const stdout = new Collector()
    const running = memory.runtime.startAttached(id, { stdin, stdout })
    stdin.write('echo a\n')
    await stdout.until('a\n')
    stdin.end('A=1\necho $A\nexit 3\necho no\n')
    expect([await running, stdout.text]).toEqual([3, 'a\n1\n'])
  })

  it('runs a file, also by its #! line', async () => {
    await using memory = await openMemory()
    const script = `printf '#!/bin/sh\\necho $1\\n' > /s; chmod 755 /s; sh /s a; /s b; sh /none`
    expect(await runShell(memory.runtime, script)).toMatchObject({ stdout: 'a\nb\n', exitCode: 127 })
  })
})

describe('commands', () => {
  it.each([
    [['echo', '-n', 'a', 'b'], 'a b'],
    [['seq', '3'], '1\n2\n3\n'],
    [['seq', '8', '10'], '8\n9\n10\n'],
    [['head', '-n1', '/etc/passwd'], 'root:x:0:0:root:/root:/bin/sh\n'],
    [['head', '-c', '4', '/etc/passwd'], 'root'],
    [['wc', '/etc/passwd'], '2 2 82\n'],
    [['awk', '/^nobody/ { print $1 }', '/etc/passwd'], 'nobody:x:65534:65534:nobody:/nonexistent:/bin/false\n'],
    [['stat', '-c', '%a', '/bin/sh'], '755\n'],
    [['whoami'], 'root\n'],
    [['id', '-un'], 'root\n'],
  ])('%j', async (command, stdout) => {
    await using memory = await openMemory()
    expect(await runToEnd(memory.runtime, { image: 'busybox', command })).toEqual({ exitCode: 0, stdout, stderr: '' })
  })

  it.each([
    ['cat', '/none'],
    ['ls', '/none'],
    ['seq', 'x'],
    ['sleep'],
    ['stat', '/'],
    ['chmod', 'x', '/'],
    ['stty', 'size'],
    ['id', '-x'],
  ])('write an error to stderr: %s %s', async (...command) => {
    await using memory = await openMemory()
    const { exitCode, stderr } = await runToEnd(memory.runtime, { image: 'busybox', command })
    expect(exitCode).toBe(1)
    expect(stderr).toMatch(new RegExp(`^${command[0]}: .+\n$`))
  })

  it('rejects an option of nc that it does not support, such as -u for UDP', async () => {
    await using memory = await openMemory()
    const stderr = 'nc: unknown option -u\n'
    expect(await runShell(memory.runtime, 'nc -u localhost 80')).toEqual({ exitCode: 1, stdout: '', stderr })
  })
})
