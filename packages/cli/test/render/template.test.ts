import { describe, expect, it } from 'vitest'
import { CliError } from '../../src/errors/cli-error.js'
import { parseTemplate } from '../../src/render/template.js'

const data = {
  Name: 'web',
  Count: 2,
  Running: true,
  Empty: '',
  Missing: undefined,
  Tags: ['a', 'b'],
  State: { Status: 'running', Health: null },
  Ports: { '80/tcp': [{ HostPort: '8080' }], '81/tcp': [] },
  Label: (key: string) => `value of ${key}`,
}

function render(template: string): string {
  return parseTemplate(template, '--format').render(data)
}

describe('parseTemplate', () => {
  it.each([
    ['text', 'text'],
    ['{{.Name}} {{ .State.Status }}', 'web running'],
    ['{{.Name}}\\t{{.Count}}\\n', 'web\t2\n'],
    ['{{.Running}} {{.Missing}} {{.Tags}} {{.State}}', 'true <no value> [a b] map[Health:<no value> Status:running]'],
    ['{{json .Tags}} {{json .Missing}} {{.Name | json}}', '["a","b"] null "web"'],
    ['{{join .Tags ", "}} {{upper .Name}} {{.Name | upper | lower}}', 'a, b WEB web'],
    ['{{truncate .Name 2}} {{len .Tags}} {{len .Name}} {{index .Tags 1}}', 'we 2 3 b'],
    ['{{(index (index .Ports "80/tcp") 0).HostPort}}', '8080'],
    ['{{.Label "com.example"}}', 'value of com.example'],
    ['{{range split "x-y" "-"}}<{{.}}>{{end}}', '<x><y>'],
    ['{{if .Empty}}yes{{else}}no{{end}}', 'no'],
    ['{{if .Empty}}1{{else if .Running}}2{{else}}3{{end}}', '2'],
    ['{{if eq .State.Status "exited" "running"}}{{"a \\"b\\" }}"}}{{end}}', 'a "b" }}'],
    ['{{if and .Running (not .Empty)}}both{{end}}', 'both'],
    ['{{if and .State.Health .Running}}both{{else}}none{{end}}', 'none'],
    ['{{and .Running .Name}} {{or .Empty .State.Health}}', 'web <no value>'],
    ['{{title "one two"}} <{{pad .Name 2 1}}> <{{pad .Empty 2 1}}>', 'One Two <  web > <>'],
    ['{{with .State}}{{.Status}} of {{$.Name}}{{end}}', 'running of web'],
    ['{{range .Tags}}{{.}},{{end}}', 'a,b,'],
    ['{{range $port, $bindings := .Ports}}{{$port}}={{len $bindings}};{{end}}', '80/tcp=1;81/tcp=0;'],
    ['{{range $tag := .Tags}}{{$tag}}{{end}}{{range .Empty}}x{{else}}none{{end}}', 'abnone'],
    ['a {{- .Name -}} b{{/* a comment */}}', 'awebb'],
    ['{{println .Name .Count}}', 'web 2\n'],
    ['{{or .Empty .Name}} {{ne .Name "x"}} {{`raw`}}', 'web true raw'],
  ])('renders %s', (template, expected) => {
    expect(render(template)).toBe(expected)
  })

  it.each([
    ['{{.Name', '"{{.Name" has no "}}"'],
    ['{{.Name.First}}', 'there is no field "First" in web'],
    ['{{.State.Foo}}', 'there is no field "Foo"; the fields are Status, Health'],
    ['{{nothing .Name}}', 'there is no function "nothing"'],
    ['{{if .Name}}x', '"{{if …}}" has no "{{end}}"'],
    ['{{if .Name}}x{{else}}y', '"{{if …}}" has no "{{end}}"'],
    ['x{{end}}', '"{{end}}" has no "if", "range" or "with" before it'],
    ['{{}}', '"{{}}" is not valid'],
    ['{{.Name )}}', '"{{.Name )}}" is not valid'],
    ['{{(.Name}}', '"{{(.Name}}" is not valid'],
    ['{{.Name & 1}}', '"{{.Name & 1}}" is not valid'],
    ['{{"\\x"}}', '"\\x" is not a valid text'],
    ['{{$name}}', 'the variable $name is not set'],
    ['{{range .Count}}{{end}}', '2 is not a list'],
    ['{{join .Name ","}}', '"join" needs a list, not web'],
  ])('rejects %s', (template, message) => {
    expect(() => render(template)).toThrow(CliError)
    expect(() => render(template)).toThrow(`--format: ${message}`)
  })

  it('replaces control characters of values and keeps those of the template', () => {
    const template = parseTemplate('\u001b[1m{{.}}', '--format')
    expect(template.render('a\u001b[31mb')).toBe('\u001b[1ma\ufffd[31mb')
  })

  it('renders titles without calling functions', () => {
    const template = parseTemplate('{{json .Name}}\\t{{.Label "key"}}\\t{{upper .Name | lower}}', '--format')
    expect(template.renderTitles({ Name: 'NAME', Label: (key: string) => key })).toBe('NAME\tkey\tNAME')
  })
})
