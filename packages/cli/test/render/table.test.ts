import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { renderTable } from '../../src/render/table.js'

describe('renderTable', () => {
  it('gives each column what it needs', () => {
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

  it('keeps to the width and loses nothing, whatever stands in it', () => {
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

  it('breaks texts of words before it breaks a long word', () => {
    const rows = [['unix:///var/run/docker.sock', 'one two three four five six seven eight nine ten eleven twelve']]
    expect(renderTable({ head: ['ENDPOINT', 'WHY'], rows }, { width: 60 })).toContain('unix:///var/run/docker.sock ')
  })

  it('puts an empty line between rows of which one has several lines', () => {
    const text = renderTable({ head: ['A'], rows: [['one\ntwo'], ['three']] }, { width: 20 })
    expect(text).toBe('A\none\ntwo\n\nthree\n')
  })

  it('keeps each row on one line without a width', () => {
    expect(renderTable({ head: ['A'], rows: [['x'.repeat(300)]] }).split('\n')).toHaveLength(3)
  })
})

describe('renderTable, of texts from outside', () => {
  it('shows control characters as such, with and without a width', () => {
    const table = { head: ['A'], rows: [['a\u001b[31mb\u009bc']] }
    for (const width of [undefined, 40]) expect(renderTable(table, { width })).toBe('A\na\ufffd[31mb\ufffdc\n')
  })

  it('keeps a row with line feeds on one line where programs read it', () => {
    expect(renderTable({ head: ['A', 'B'], rows: [['a\n  b', 'c']] })).toBe('A     B\na b   c\n')
  })
})
