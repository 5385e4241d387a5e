package io.atoll.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.atoll.base.InvalidConfigException;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TemplateRendererTest {
    private static final TemplateContext CONTEXT =
            new TemplateContext(
                    "start",
                    "/etc/hostname",
                    Map.of(
                            "name",
                            "c1",
                            "type",
                            "container",
                            "architecture",
                            "x86_64",
                            "privileged",
                            "false"),
                    Map.of("user.foo", "bar\n\n", "user.empty", "", "limits.cpu", "2"),
                    Map.of("eth0", Map.of("type", "nic", "network", "br0")),
                    Map.of("b", "2", "a", "1"));

    private static String render(String template) {
        return TemplateRenderer.render(
                template, CONTEXT, name -> "<" + name + " {{ container.name }}>");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            ignoreLeadingAndTrailingWhitespace = false,
            value = {
                "{{ container.name }}#c1",
                "{{container.name}}.{{ instance.type }}#c1.container",
                "{{ trigger }} {{ path }}#start /etc/hostname",
                "{{ config_get(\"user.foo\", \"_unset_\") }}#bar",
                "{{ config_get('user.none', '_unset_') }}#_unset_",
                "{{ config_get(\"user.none\",\"\")|default:\"x\" }}#x",
                "{{ nothing|default:\"x y\" }}#x y",
                "{{ nothing }}#",
                "{{ nothing.deeper.still }}#",
                "{% if container.type == \"container\" %}a{% else %}b{% endif %}#a",
                "{% if container.privileged == 'true' %}a{% elif container.name == 'c1' %}b{% endif"
                        + " %}#b",
                "{% if nothing %}a{% else %}b{% endif %}#b",
                "{% if not nothing and container.name %}a{% endif %}#a",
                "{% if !nothing && (container.name || nothing) %}a{% endif %}#a",
                "{% if config_get(\"user.empty\", \"\") %}a{% else %}b{% endif %}#b",
                "{% if container.privileged %}a{% endif %}#a",
                "{% if \"c\" in container.name %}a{% endif %}{% if \"z\" not in container.name"
                        + " %}b{% endif %}#ab",
                "{% if \"eth0\" in devices %}a{% endif %}#a",
                "{% for k,v in properties.items %}{{ k }}={{ v }};{% endfor %}#a=1;b=2;",
                "{% for k, v in properties %}{{ k }}={{ v }}{% if not forloop.last %},{% endif %}{%"
                        + " endfor %}#a=1,b=2",
                "{% for k in properties %}{{ forloop.counter }}{{ k }}{% endfor %}#1a2b",
                "{% for k in properties reversed %}{{ k }}{% endfor %}#ba",
                "{% for k in nothing %}{{ k }}{% empty %}none{% endfor %}#none",
                "{% for n, d in devices %}{{ n }}:{{ d.type }}{% endfor %}#eth0:nic",
                "{{ container.name|upper }}{{ 'a b'|title }}#C1A B",
                "{{ properties|length }}#2",
                "{% verbatim %}{{ x }}{% endverbatim %}#{{ x }}",
                "{% include \"a.txt\" %}#<a.txt c1>",
                "{% with x=\"1\" y=container.name %}{{ x }}{{ y }}{% endwith %}#1c1",
                "{% set x = 'q' %}{{ x }}#q",
                "{% autoescape off %}{{ '<&>' }}{% endautoescape %}#<&>",
                "{% ifequal container.name \"c1\" %}y{% endifequal %}#y",
                "{{ 'a,b'|split:','|join:'-' }}#a-b",
            })
    void rendersAsDjangoDoes(String template, String expected) {
        assertEquals(expected == null ? "" : expected, render(template));
    }

    @Test
    void leavesOutComments() {
        assertEquals("abc", render("a{# no #}b{% comment %}{{ x {% endcomment %}c"));
    }

    @Test
    void keepsTextsInQuotesFromTheEngine() {
        assertEquals("#{1+1} \" {{ '", render("{{ \"#{1+1} \\\" {{ '\" }}"));
    }

    @Test
    void keepsNewLinesAfterTags() {
        assertEquals("a\n\nb\n\nc\n", render("a\n{% if container.name %}\nb\n{% endif %}\nc\n"));
    }

    @Test
    void formatsTimesByGoLayout() {
        Map<String, Object> variables = Map.of("creation_date", Instant.ofEpochSecond(1470920887));
        assertEquals(
                "snap-2016-08-11_13-08-07",
                TemplateRenderer.renderPattern(
                        "snap-{{ creation_date|date:'2006-01-02_15-04-05' }}", variables));
        assertEquals(
                "Thu Aug 11 1:08 PM 16",
                TemplateRenderer.renderPattern(
                        "{{ creation_date|date:\"Mon Jan 2 3:04 PM 06\" }}", variables));
    }

    @Test
    void callsNoJavaMethod() {
        assertEquals("", render("{{ container.class }}{{ container.getClass }}"));
        assertThrows(InvalidConfigException.class, () -> render("{{ trigger.bytes }}"));
        assertThrows(InvalidConfigException.class, () -> render("{{ container.getClass() }}"));
        assertThrows(
                InvalidConfigException.class,
                () -> render("{{ trigger.getClass().forName('java.lang.Runtime') }}"));
    }

    @Test
    void refusesWhatItDoesNotKnow() {
        for (String bad :
                new String[] {
                    "{% block x %}{% endblock %}",
                    "{{ a|nofilter }}",
                    "{% if %}",
                    "{{ range(1, 1000000000) }}",
                    "{{ " + "01".repeat(200) + " }}",
                    "{% for x of y %}{% endfor %}"
                }) {
            assertThrows(InvalidConfigException.class, () -> render(bad), bad);
        }
    }

    @Test
    void boundsIncludesAndOutput() {
        assertThrows(
                InvalidConfigException.class,
                () ->
                        TemplateRenderer.render(
                                "{% include 'a' %}", CONTEXT, _ -> "{% include 'a' %}"));
        String digits = "{% for a in '0123456789' %}";
        String bomb = digits.repeat(7) + "x" + "{% endfor %}".repeat(7);
        Exception e = assertThrows(InvalidConfigException.class, () -> render(bomb));
        assertTrue(e.getMessage().startsWith("Failed to render template"), e.getMessage());
    }

    @Test
    void refusesIncludesWhereThereIsNoRoot() {
        assertThrows(
                InvalidConfigException.class,
                () ->
                        TemplateRenderer.render(
                                "{% include '/etc/shadow' %}", CONTEXT, TemplateIncludes.NONE));
    }
}
