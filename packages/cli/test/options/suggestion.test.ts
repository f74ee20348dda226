import { describe, expect, it } from 'vitest'
import { findSimilar } from '../../src/options/suggestion.js'

const commands = [
  'build',
  'exec',
  'images',
  'inspect',
  'logs',
  'network',
  'ps',
  'quickstart',
  'rm',
  'run',
  'stats',
  'stop',
]
const options = [
  '--detach',
  '--entrypoint',
  '--env-file',
  '--init',
  '--memory',
  '--network',
  '--network-alias',
  '--volume',
]

describe('findSimilar', () => {
  it.each([
    ['rum', ['rm', 'run']],
    ['bulid', ['build']],
    ['ubild', ['build']],
    ['insect', ['inspect']],
    ['nspect', ['inspect']],
    ['imags', ['images']],
    ['quikstrat', ['quickstart']],
    ['pss', ['ps']],
    ['stat', ['stats']],
    ['net', ['network']],
    ['Run', ['run']],
  ])('finds the commands that "%s" resembles', (given, expected) => {
    expect(findSimilar(given, commands)).toEqual(expected)
  })

  it.each(['top', 'ls', 'cp', 'fly', 'list', 'up', ''])('finds no command for "%s"', (given) => {
    expect(findSimilar(given, commands)).toEqual([])
  })

  it.each([
    ['--detatch', ['--detach']],
    ['--vol', ['--volume']],
    ['--mem', ['--memory']],
    ['--envfile', ['--env-file']],
    ['--entrypint', ['--entrypoint']],
    ['--net', ['--network']],
  ])('finds the options that "%s" resembles', (given, expected) => {
    expect(findSimilar(given, options)).toEqual(expected)
  })

  it.each(['--mount', '--link', '--ip', '--memory-swap', '--foo'])('finds no option for "%s"', (given) => {
    expect(findSimilar(given, options)).toEqual([])
  })

  it('finds nothing among no names', () => {
    expect(findSimilar('run', [])).toEqual([])
  })
})
