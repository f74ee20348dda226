import { describe, expect, it } from 'vitest'
import { CliError } from '../../src/errors/cli-error.js'
import { parseRowFormat } from '../../src/render/row-format.js'

const titles = { ID: 'CONTAINER ID', Names: 'NAMES', Label: (key: string) => key }
const rows = [
  { ID: '1234', Names: 'web', Label: () => 'front' },
  { ID: '5', Names: 'database', Label: () => '' },
]

describe('parseRowFormat', () => {
  it.each([undefined, '', 'table', ' table '])('leaves %j to the table of the command', (text) => {
    expect(parseRowFormat(text, titles)).toBeUndefined()
  })

  it('renders one JSON document in a line for each row', () => {
    const format = parseRowFormat('json', titles)
    expect(format?.renderRows(rows)).toBe('{"ID":"1234","Names":"web"}\n{"ID":"5","Names":"database"}\n')
  })

  it('renders a template for each row', () => {
    const format = parseRowFormat('{{.Names}}\\t{{.ID}}', titles)
    expect(format?.renderRows(rows)).toBe('web\t1234\ndatabase\t5\n')
    expect(format?.renderRows([])).toBe('')
  })

  it('renders a table with the titles of its fields, also without rows', () => {
    const format = parseRowFormat('table {{.ID}}\\t{{upper .Names}}\\t{{.Label "tier"}}', titles)
    expect(format?.renderRows(rows)).toBe(
      'CONTAINER ID   NAMES      tier\n1234           WEB        front\n5              DATABASE\n',
    )
    expect(format?.renderRows([])).toBe('CONTAINER ID   NAMES   tier\n')
  })

  it('renders one row of a list that goes on', () => {
    expect(parseRowFormat('table {{.ID}}\\t{{.Names}}', titles)?.renderRow({ ...rows[0], ...titles })).toContain('\t')
  })

  it('rejects an unknown field before there are rows', () => {
    expect(() => parseRowFormat('{{.Foo}}', titles)).toThrow(CliError)
    expect(() => parseRowFormat('{{.Foo}}', titles)).toThrow(
      '--format: there is no field "Foo"; the fields are ID, Names, Label',
    )
  })
})
