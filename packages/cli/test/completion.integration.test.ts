import { spawnSync } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bin } from './support/spawn-capstan.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'capstan-completion-'))
  await writeFile(join(folder, 'capstan'), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`)
  await chmod(join(folder, 'capstan'), 0o755)
  await writeFile(join(folder, 'Some.file'), '')
})
afterAll(async () => await rm(folder, { recursive: true }))

describe.skipIf(isMissing('bash'))('the completion of bash', () => {
  it.each([
    ['capstan doc', 'doctor'],
    ['capstan run --pull=al', 'always'],
    ['capstan buildkit stat', 'status'],
    ['capstan build So', 'Some.file'],
    ['capstan run --deta', '--detach\n--detach-keys'],
  ])('completes "%s"', async (line, expected) => {
    const script = [
      'source <(capstan completion bash)',
      `COMP_LINE='${line}'`,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a parameter of the shell
      'COMP_POINT=${#COMP_LINE}',
      '_capstan',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a parameter of the shell
      'printf \'%s\\n\' "${COMPREPLY[@]}"',
    ].join('\n')
    expect((await execa('bash', ['-c', script], options())).stdout).toBe(expected)
  })
})

describe.skipIf(isMissing('fish'))('the completion of fish', () => {
  it.each([
    ['capstan doc', 'doctor\tShow the runtimes on this machine and their capabilities'],
    ['capstan run --pull al', 'always'],
    ['capstan build So', 'Some.file'],
  ])('completes "%s"', async (line, expected) => {
    const script = `capstan completion fish | source; complete -C '${line}'`
    expect((await execa('fish', ['-c', script], options())).stdout).toBe(expected)
  })
})

describe.skipIf(isMissing('zsh'))('the completion of zsh', () => {
  it.each([
    ['capstan doc', 'capstan doctor'],
    ['capstan run --pull al', 'capstan run --pull always'],
    ['capstan build So', 'capstan build Some.file'],
  ])('completes "%s"', async (line, expected) => {
    const commands = [
      'autoload -U compinit && compinit -u -D && source <(capstan completion zsh) && PS1=READY-',
      `${line}\t`,
    ]
    const terminal = execa('script', ['-qec', 'zsh -f -i', '/dev/null'], { ...options(), stdin: 'pipe' })
    let output = ''
    terminal.stdout.on('data', (chunk) => {
      output += String(chunk)
      if (commands.length === 2) terminal.stdin.write(`${commands.shift()}\n`)
      else if (commands.length === 1 && /\nREADY-|\rREADY-|mREADY-|JREADY-/.test(output))
        terminal.stdin.write(commands.shift() ?? '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences of a terminal
      else if (output.replaceAll(/\x1b\[[\d;?]*[A-Za-z]/g, '').includes(expected)) terminal.kill()
    })
    await terminal.catch(() => undefined)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences of a terminal
    expect(output.replaceAll(/\x1b\[[\d;?]*[A-Za-z]/g, '')).toContain(expected)
  })
})

function options() {
  const env = { PATH: `${folder}:${process.env.PATH}`, HOME: folder, TERM: 'xterm', CAPSTAN_RUNTIME: 'memory' }
  return { cwd: folder, env }
}

/** Whether a shell is not installed. Prints that its tests are skipped. */
function isMissing(shell: string): boolean {
  const missing = spawnSync(shell, ['-c', ':']).error !== undefined
  if (missing) console.warn(`The tests of the completion of ${shell} are skipped: ${shell} is not installed`)
  return missing
}
