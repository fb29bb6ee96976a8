// Shows what openapi.json says and sends requests. Everything is put in as text, nothing as markup.
"use strict";

/** An element with attributes and children; strings become text. */
function make(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** What a `$ref` points to, or the thing itself. */
function resolve(api, thing) {
  if (!thing?.$ref) return thing;
  return thing.$ref.slice(2).split("/").reduce((place, name) => place[name], api);
}

function bodyOf(operation) {
  const media = operation.requestBody?.content["application/json"];
  return media ? Object.values(media.examples)[0].value : undefined;
}

/** A label, what is allowed, and the field itself. */
function field(id, name, hint, input) {
  input.id = id;
  input.setAttribute("aria-describedby", `${id}-hint`);
  return make("div", {}, make("label", { for: id }, name), make("small", { id: `${id}-hint`, class: "hint" }, hint), input);
}

function allowed(parameter) {
  const { minimum, maximum, default: preset, enum: words } = parameter.schema;
  const parts = [parameter.description, `In the ${parameter.in}${parameter.required ? ", required" : ""}.`];
  if (words) parts.push(`One of ${words.join(", ")}.`);
  if (minimum !== undefined && maximum !== undefined) parts.push(`From ${minimum} to ${maximum}.`);
  if (preset !== undefined) parts.push(`Without it: ${preset}.`);
  if (parameter.example !== undefined) parts.push(`For example ${parameter.example}.`);
  return parts.join(" ");
}

function answersTable(api, operation) {
  const rows = Object.entries(operation.responses).map(([status, given]) =>
    make("tr", {}, make("th", { scope: "row" }, status), make("td", {}, resolve(api, given).description)));
  return make("table", {}, make("caption", {}, "Answers"), make("tbody", {}, ...rows));
}

/** Puts the request together from what was filled in; empty fields are left out. */
function request(path, method, parameters, inputs, body) {
  const query = new URLSearchParams();
  const headers = {};
  for (const parameter of parameters) {
    const value = inputs.get(parameter).value.trim();
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value && parameter.in === "query") query.set(parameter.name, value);
    else if (value && parameter.in === "header") headers[parameter.name] = value;
  }
  if (body) headers["content-type"] = "application/json";
  const search = query.toString();
  return [search ? `${path}?${search}` : path, { method: method.toUpperCase(), headers, body: body?.value }];
}

async function send(output, [url, options]) {
  output.textContent = `${options.method} ${url}\n…`;
  try {
    const answer = await fetch(url, options);
    const shown = ["content-type", "location", "retry-after", "idempotency-replayed"]
      .filter((name) => answer.headers.has(name))
      .map((name) => `${name}: ${answer.headers.get(name)}`);
    let text = await answer.text();
    try {
      text = JSON.stringify(JSON.parse(text), null, 2);
    } catch { /* It is no JSON: shown as it is. */ }
    output.textContent = [`${answer.status} ${answer.statusText}`, ...shown, "", text].join("\n");
  } catch (error) {
    output.textContent = `The request did not get through: ${error.message}`;
  }
}

function show(api, path, method, operation) {
  const id = operation.operationId;
  const parameters = (operation.parameters ?? []).map((parameter) => resolve(api, parameter));
  const inputs = new Map(parameters.map((parameter) => [parameter, make("input", { autocomplete: "off" })]));
  for (const [parameter, input] of inputs) input.required = parameter.required ?? false;
  const fields = parameters.map((parameter) =>
    field(`${id}-${parameter.name}`, parameter.name, allowed(parameter), inputs.get(parameter)));
  const example = bodyOf(operation);
  const body = example && make("textarea", { spellcheck: "false" }, JSON.stringify(example, null, 2));
  if (body) fields.push(field(`${id}-body`, "Body", "JSON.", body));
  const output = make("pre", { role: "status", "aria-label": `Answer to ${operation.summary}`, tabindex: "0" });
  const form = make("form", {}, ...fields, make("button", { type: "submit" }, "Send"), output);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(output, request(path, method, parameters, inputs, body));
  });
  const title = make("summary", {}, make("span", { class: "method" }, method.toUpperCase()), make("code", {}, path), ` ${operation.summary}`);
  return make("details", { id }, title, make("p", {}, operation.description ?? ""), answersTable(api, operation), form);
}

async function start() {
  const main = document.getElementById("operations");
  try {
    const api = await (await fetch("/openapi.json")).json();
    const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })));
    const sections = api.tags.map((tag) => make("section", {}, make("h2", {}, tag.name),
      ...operations.filter(({ operation }) => operation.tags.includes(tag.name))
        .map(({ path, method, operation }) => show(api, path, method, operation))));
    main.replaceChildren(...sections);
  } catch (error) {
    document.getElementById("state").textContent = `The document cannot be shown: ${error.message}`;
  }
  main.setAttribute("aria-busy", "false");
}

start();
