import { describe, expect, it } from 'vitest'
import { enterRawMode } from '../../src/terminal/raw-mode.js'
import { FakeIo } from '../support/fake-io.js'

function terminal() {
  const { stdin } = new FakeIo()
  const modes: boolean[] = []
  return { modes, stdin: Object.assign(stdin, { isTTY: true, setRawMode: (raw: boolean) => void modes.push(raw) }) }
}

describe('enterRawMode', () => {
  it('restores the terminal when it is disposed of', () => {
    const { modes, stdin } = terminal()
    enterRawMode({ stdin, env: {} })[Symbol.dispose]()
    expect(modes).toEqual([true, false])
  })

  it('restores it when the process exits, but not after disposal', () => {
    const { modes, stdin } = terminal()
    const before = process.listeners('exit')
    const raw = enterRawMode({ stdin, env: {} })
    const added = process.listeners('exit').filter((listener) => !before.includes(listener))
    for (const listener of added) listener.call(process, 0)
    expect(modes).toEqual([true, false])
    raw[Symbol.dispose]()
    expect(process.listeners('exit')).toEqual(before)
  })

  it('does nothing when stdin is not a terminal', () => {
    const { stdin } = new FakeIo()
    expect(() => enterRawMode({ stdin, env: {} })[Symbol.dispose]()).not.toThrow()
  })
})
