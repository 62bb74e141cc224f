// A link inside of a button is no link to a keyboard, and a field needs a name.
const forEverybody = ({React}) => ({
  components: {
    DeepLink: ({text}) => React.createElement("span", null, text),
  },
  wrapComponents: {
    TextArea: (TextArea) => (props) =>
      React.createElement(TextArea, {"aria-label": "Request body", ...props}),
  },
});
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null,
  plugins: [forEverybody],
});
