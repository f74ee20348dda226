import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { renderTable } from '../../src/render/table.js'

describe('renderTable', () => {
  it('makes each column as wide as its widest cell', () => {
    expect(
      renderTable({
        head: ['NAME', 'STATE'],
        rows: [
          ['web', 'running'],
          ['database', 'exited'],
        ],
      }),
    ).toBe(['NAME       STATE', 'web        running', 'database   exited', ''].join('\n'))
  })

  it('fits the width without losing text, for any content', () => {
    const socket = `unix:///home/${'somebody/'.repeat(12)}docker.sock`
    const reason = 'no answer within 2000 ms, and then nothing at all for a long while '.repeat(4)
    const rows = [
      ['docker', socket, reason],
      ['a-runtime-with-quite-a-long-name', 'short', '日本語'.repeat(30)],
    ]
    const text = renderTable({ head: ['RUNTIME', 'ENDPOINT', 'WHY'], rows }, { width: 80 })
    expect(Math.max(...text.split('\n').map((line) => stringWidth(line)))).toBeLessThanOrEqual(80)
    const characters = (all: string) => [...all.replaceAll(/\s/g, '')].toSorted().join('')
    expect(characters(text)).toBe(characters(['RUNTIME', 'ENDPOINT', 'WHY', ...rows.flat()].join('')))
  })

  it('wraps text with several words before it breaks a long word', () => {
    const rows = [['unix:///var/run/docker.sock', 'one two three four five six seven eight nine ten eleven twelve']]
    expect(renderTable({ head: ['ENDPOINT', 'WHY'], rows }, { width: 60 })).toContain('unix:///var/run/docker.sock ')
  })

  it('separates rows by an empty line if one has several lines', () => {
    const text = renderTable({ head: ['A'], rows: [['one\ntwo'], ['three']] }, { width: 20 })
    expect(text).toBe('A\none\ntwo\n\nthree\n')
  })

  it('writes each row on one line without a width', () => {
    expect(renderTable({ head: ['A'], rows: [['x'.repeat(300)]] }).split('\n')).toHaveLength(3)
  })
})

describe('renderTable with untrusted text', () => {
  it('replaces control characters, with and without a width', () => {
    const table = { head: ['A'], rows: [['a\u001b[31mb\u009bc']] }
    for (const width of [undefined, 40]) expect(renderTable(table, { width })).toBe('A\na\ufffd[31mb\ufffdc\n')
  })

  it('writes a row with line feeds on one line without a width', () => {
    expect(renderTable({ head: ['A', 'B'], rows: [['a\n  b', 'c']] })).toBe('A     B\na b   c\n')
  })
})
