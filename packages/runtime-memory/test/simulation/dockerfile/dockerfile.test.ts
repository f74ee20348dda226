import { describe, expect, it } from 'vitest'
import { parseDockerfile } from '../../../src/simulation/dockerfile/parse-dockerfile.js'

describe('parseDockerfile', () => {
  it('splits stages by name, and the arguments before them', () => {
    const parsed = parseDockerfile('# syntax=x\nARG V=1\nFROM a:$V AS Base\nFROM base\nRUN true')
    const { stages } = parsed
    expect([...parsed.readGlobals({ W: '2' }, new Map())]).toEqual([['V', '1']])
    expect(stages.map(({ base, name, instructions }) => [base, name, instructions.length])).toEqual([
      ['a:$V', 'base', 0],
      ['base', undefined, 1],
    ])
  })

  it('reads pairs in both forms without expanding values', () => {
    const [stage] = parseDockerfile(`FROM a\nENV A=1 B="two words" C='$x'\nENV OLD style here`).stages
    expect(stage?.instructions.map(({ pairs }) => pairs.map(({ name, value }) => [name, value]))).toEqual([
      [
        ['A', '1'],
        ['B', '"two words"'],
        ['C', "'$x'"],
      ],
      [['OLD', 'style here']],
    ])
  })

  it('distinguishes the exec form from the shell form and keeps spaces', () => {
    const [stage] = parseDockerfile('FROM a\nRUN ["x", "a b"]\nRUN [x]\nCMD echo  a').stages
    expect(stage?.instructions.map(({ words, text }) => words ?? text)).toEqual([['x', 'a b'], '[x]', 'echo  a'])
  })

  it('joins continued lines with the escape character of the file', () => {
    const [stage] = parseDockerfile(
      '# escape=`\nFROM a\nRUN one `\n# comment\n  two\nCOPY --from=b --chmod=755 c:\\d e',
    ).stages
    expect(stage?.instructions.map(({ text }) => text)).toEqual(['one   two', 'c:\\d e'])
    expect([...(stage?.instructions[1]?.flags ?? [])]).toEqual([
      ['from', 'b'],
      ['chmod', '755'],
    ])
  })
})
