import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { toEnvironmentInput, toStdinBoundCommand } from '../../src/container/stdin-bound-command.js'

describe('a stdin-bound command', () => {
  function startGuarded(...command: readonly string[]) {
    const [sh = '', ...words] = toStdinBoundCommand(command)
    const child = spawn(sh, words, { stdio: ['pipe', 'pipe', 'inherit'] })
    return { child, printed: text(child.stdout), ended: once(child, 'exit').then(([code]) => code) }
  }

  it.each(['plain', '', ' a = b ', 'two\nlines\n\n', '\\n $(id) %s "\'`\\c\r', 'ü'])(
    'receives the variable %j unchanged, and determines the exit code',
    async (value) => {
      const { child, printed, ended } = startGuarded('sh', '-c', 'printf %s "$ONE-$TWO"; exit 4')
      child.stdin.write(toEnvironmentInput({ ONE: value, TWO: 'two' }))
      expect(await printed).toBe(`${value}-two`)
      expect(await ended).toBe(4)
    },
  )

  it.each(['', toEnvironmentInput({ ONE: '1' })])('is terminated when stdin ends after %j', async (input) => {
    const { child, ended } = startGuarded('sleep', '60')
    child.stdin.end(input)
    expect(await ended).toBe(143)
  })
})
